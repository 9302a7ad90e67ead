// Asks the server in the same container, and no other one: by TCP, a generation that shares the port could answer.
import { get } from 'node:http'

get({ socketPath: '/tmp/health.sock', timeout: 2_000 }, ({ statusCode }) =>
  process.exit(statusCode === 200 ? 0 : 1),
)
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1))
