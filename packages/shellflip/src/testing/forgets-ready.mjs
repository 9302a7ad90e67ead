// A new version of the deployed service that forgets flip.ready(). With `?exits` nothing keeps it alive.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { shellflip } from 'shellflip'

const { options } = JSON.parse(readFileSync(process.env.DEPLOYED, 'utf8'))
const flip = await shellflip({ controlSocket: options.controlSocket })
await flip.listen(createServer(), { name: 'http', host: '127.0.0.1', port: 0 })
if (new URL(import.meta.url).search === '') setInterval(() => {}, 1_000)
