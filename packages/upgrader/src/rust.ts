export { type FromRust, RustPredecessor } from './rust/rust-predecessor.ts'
export { type ShellflipReply, type ShellflipRequest, shellflipProtocol } from './rust/shellflip-protocol.ts'
