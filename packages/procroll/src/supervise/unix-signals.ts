import type { Service } from './service.ts'

/** SIGHUP rolls; SIGINT and SIGTERM end the service, and end it at once when they come again. */
export function obeySignals(service: Pick<Service, 'roll' | 'stop'>): Disposable {
  const handlers = {
    SIGHUP: () => service.roll(),
    SIGINT: () => service.stop(),
    SIGTERM: () => service.stop(),
  }
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler)
  return {
    [Symbol.dispose]() {
      for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler)
    },
  }
}
