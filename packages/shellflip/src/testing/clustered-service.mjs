// A cluster worker tells why it cannot replace itself.
import cluster from 'node:cluster'
import { shellflip } from 'shellflip'

if (cluster.isPrimary) cluster.fork()
else {
  console.log(await shellflip().catch(({ code, message }) => `${code}: ${message}`))
  process.exit()
}
