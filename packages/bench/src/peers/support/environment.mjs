/** The variable by which the bench finds the processes of a peer. */
export const mark = 'SHELLFLIP_BENCH'

/** Leaves out certificates, which Node would read at every start, and the variables that a service manager gave to the bench. */
const foreign = [
  'NODE_EXTRA_CA_CERTS',
  'NODE_OPTIONS',
  'NOTIFY_SOCKET',
  'LISTEN_PID',
  'LISTEN_FDS',
  'LISTEN_FDNAMES',
]

/** Returns the environment of a peer. */
export function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.includes(name)))
}
