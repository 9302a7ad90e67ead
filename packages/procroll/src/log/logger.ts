export { createLogger, type Logger } from '@shellflip/cli/log'
