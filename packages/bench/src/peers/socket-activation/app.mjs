import { NodeService } from '../support/node-service.mjs'

/** The first descriptor that a manager passes (sd_listen_fds(3)). */
const firstPassedFd = 3

const service = new NodeService({ fd: firstPassedFd })

process.once('SIGTERM', () => service[process.env.DRAIN](() => process.exit(0)))
