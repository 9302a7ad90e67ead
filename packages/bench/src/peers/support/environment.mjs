/** Certificates that Node would read at every start, and what a service manager gave to the bench, are no part of a peer. */
const { NODE_EXTRA_CA_CERTS, NODE_OPTIONS, NOTIFY_SOCKET, LISTEN_FDS, LISTEN_PID, ...rest } = process.env

export const environment = rest
