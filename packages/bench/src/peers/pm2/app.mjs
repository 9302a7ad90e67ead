import { NodeService } from '../support/node-service.mjs'

const { PORT, DRAIN } = process.env

const service = new NodeService({ host: '127.0.0.1', port: Number(PORT) }, () => process.send?.('ready'))

// Without a handler SIGINT of `pm2 reload` ends the process.
if (DRAIN !== undefined) process.once('SIGINT', () => service[DRAIN](() => process.exit(0)))
