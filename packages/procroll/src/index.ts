export * from '@shellflip/rolling-supervisor'
export { type Outcome, outcomeSchema, type Status, statusSchema } from './control/status.ts'
export { type ControlReply, type ControlRequest, procrollVocabulary } from './control/vocabulary.ts'
