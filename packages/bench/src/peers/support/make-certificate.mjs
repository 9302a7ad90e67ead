import { runCommand } from './run-command.mjs'

/** Makes a certificate for 127.0.0.1 in `folder`. */
export async function makeCertificate(folder) {
  const [cert, key] = [`${folder}/cert.pem`, `${folder}/key.pem`]
  await runCommand('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
  ])
  return { cert, key }
}
