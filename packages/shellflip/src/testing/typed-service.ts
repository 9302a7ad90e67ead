// This needs tsx, because an enum is more than types to strip.
enum Registration {
  Typed = 'by tsx',
}

Object.assign(globalThis, { registered: Registration.Typed })
await import('./launched-service.mjs' as string)

export {}
