export * from '@shellflip/rolling-supervisor'
export {
  type ControlReply,
  type ControlRequest,
  type Outcome,
  outcomeSchema,
  type Status,
  statusSchema,
  supervisorProtocol as procrollProtocol,
} from '@shellflip/supervisor-control'
