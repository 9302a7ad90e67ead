import { execFileSync } from 'node:child_process'

/** A certificate for this run, by openssl(1). Where it is missing, `problem` says so, and shape T has no rows. */
export function makeCertificate(folder) {
  const cert = `${folder}/cert.pem`
  const key = `${folder}/key.pem`
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  try {
    execFileSync(
      'openssl',
      [...request, '-subj', '/CN=localhost', '-days', '2', '-keyout', key, '-out', cert],
      {
        stdio: 'ignore',
      },
    )
    return { cert, key }
  } catch (error) {
    return { problem: `openssl(1) made no certificate: ${error.message}` }
  }
}
