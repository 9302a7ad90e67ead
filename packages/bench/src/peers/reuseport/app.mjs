import { writeFileSync } from 'node:fs'
import { listenTcp } from '@shellflip/fd-passing'
import { NodeService } from '../support/node-service.mjs'

const { PORT, READY_FILE, DRAIN } = process.env

const listener = listenTcp({ host: '127.0.0.1', port: Number(PORT), reusePort: true })
const service = new NodeService({ fd: listener.release() }, () => writeFileSync(READY_FILE, ''))

process.once('SIGTERM', () => service[DRAIN](() => process.exit(0)))
