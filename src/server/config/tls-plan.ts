import type { FullConfig } from '../options/schema.ts'

/** Files of a certificate and its key; both may be in one. */
export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
  /** The option that names the file of the key, as messages call it. */
  readonly keyOption: string
}

/** What https addresses need; no file was read yet. */
export interface TlsPlan extends Pick<
  FullConfig['tls'],
  'ca' | 'clientCertificate' | 'minVersion' | 'ciphers'
> {
  /** Undefined: a pair that is made at the start. */
  readonly files: CertificateFiles | undefined
  /** Files of further names, in lower case, which may begin with `*.`. */
  readonly names: Readonly<Record<string, CertificateFiles>>
}
