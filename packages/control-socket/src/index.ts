export { type AskOptions, ask, askForReplies } from './ask.ts'
export type { Answer, AnswerContext } from './client-connection.ts'
export {
  type AdoptOptions,
  type CloseOptions,
  ControlServer,
  type ControlServerOptions,
  type ListenOptions,
} from './control-server.ts'
export { ControlSocketError, type ControlSocketErrorCode } from './control-socket-error.ts'
export type { ControlServerEvent } from './events.ts'
export { encodeFrame, FrameDecoder, maxFrameBytes } from './frame.ts'
export type { MessageSchema, Protocol } from './protocol.ts'
