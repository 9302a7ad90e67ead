/** Reports that this machine cannot run a peer. The bench lists the peer with the reason and continues. */
export class PeerUnavailable extends Error {
  name = 'PeerUnavailable'
  code = 'ERR_PEER_UNAVAILABLE'
}
