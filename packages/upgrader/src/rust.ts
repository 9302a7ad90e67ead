export { type ShellflipReply, type ShellflipRequest, shellflipProtocol } from './rust/shellflip-protocol.ts'
