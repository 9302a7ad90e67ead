export {
  type FromRust,
  RustPredecessor,
  type ShellflipReply,
  type ShellflipRequest,
  shellflipProtocol,
} from '@shellflip/upgrader/rust'
