// The thread that does a service's work. It may not replace the process that it is a part of.
import { parentPort } from 'node:worker_threads'
import { shellflip } from 'shellflip'

const refusal = await shellflip().catch(({ code }) => code)
parentPort.on('message', () => parentPort.postMessage(`${refusal} in ${process.pid}`))
