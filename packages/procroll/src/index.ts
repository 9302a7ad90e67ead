export * from '@shellflip/rolling-supervisor'
export { type ControlReply, type ControlRequest, procrollProtocol } from './control/protocol.ts'
export { type Outcome, outcomeSchema, type Status, statusSchema } from './control/status.ts'
