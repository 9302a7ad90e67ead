/** TLS with a key that both sides know needs no certificate. Only the handshake differs. */
const key = Buffer.alloc(32, 7)
const common = { ciphers: 'PSK', maxVersion: 'TLSv1.2' }

export const serverPsk = { ...common, pskCallback: () => key }
export const clientPsk = {
  ...common,
  pskCallback: () => ({ psk: key, identity: 'load' }),
  checkServerIdentity: () => undefined,
}
