/** What the names of a handover begin with. They tell the successor what each descriptor is. */
export const socketKinds = {
  /** A listening or UDP socket that the service bound: `listen:tcp://*:8080`. */
  bound: 'listen:',
  /** One that a service manager bound: `activated:app.socket`. */
  activated: 'activated:',
  /** Anything else, by the program's own name: `fd:inotify`. */
  other: 'fd:',
  /** A memfd with the state, by its name: `state:sessions`. */
  state: 'state:',
  /** The listener of the control socket. */
  control: 'shellflip-control',
  /** The reading end of an older generation's life: `draining:4711`. */
  draining: 'draining:',
} as const
