/** The prefixes of the names in a handover. They tell the successor the kind of each descriptor. */
export const socketKinds = {
  /** A listening or UDP socket that the service bound: `listen:tcp://*:8080`. */
  bound: 'listen:',
  /** A socket that a service manager bound: `activated:app.socket`. */
  activated: 'activated:',
  /** Anything else, by the program's own name: `fd:inotify`. */
  other: 'fd:',
  /** A memfd with the state, by its name: `state:sessions`. */
  state: 'state:',
  /** A memfd with the state of a service of the Rust crate. */
  rustState: 'sf_mem_handover',
  /** The listener of the control socket. */
  control: 'shellflip-control',
  /** The end of a socket by which an older generation is watched: `draining:4711`. */
  draining: 'draining:',
} as const
