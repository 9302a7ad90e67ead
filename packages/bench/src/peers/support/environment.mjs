/** The variable by which the bench finds the processes of a peer. */
export const mark = 'SHELLFLIP_BENCH'

/** Certificates that Node would read at every start, and what a service manager gave to the bench, are no part of a peer. */
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
