export { type ShellflipReply, type ShellflipRequest, shellflipProtocol } from '@shellflip/upgrader/rust'
