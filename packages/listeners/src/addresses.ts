export {
  formatListenAddress,
  type InternetAddress,
  type ParsedAddress,
  parseListenAddress,
  type UnixAddress,
} from './addresses/parse-address.ts'
export type { ParsedOptions } from './addresses/parse-options.ts'
export { ListenersError, type ListenersErrorCode } from './listeners-error.ts'
