import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { Unavailable } from '../servers/server.ts'

/** Files of a certificate for 127.0.0.1 that has signed itself, PEM. */
export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
}

/** Makes the certificate of a run when it is first asked for: ECDSA on P-256. Throws `Unavailable` without openssl. */
export function prepareCertificate(scratch: string): CertificateFiles {
  const files = { certificate: join(scratch, 'certificate.pem'), key: join(scratch, 'key.pem') }
  if (existsSync(files.certificate)) return files
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  try {
    execFileSync(
      'openssl',
      ['req', ...kind, ...name, '-keyout', files.key, '-out', files.certificate],
      { stdio: 'pipe' },
    )
  } catch (cause) {
    throw new Unavailable('no certificate was made: install the package openssl', { cause })
  }
  chmodSync(files.key, 0o600)
  return files
}
