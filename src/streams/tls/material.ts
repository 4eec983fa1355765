/** A certificate, followed by those that lead to its authority, and its key; PEM. */
export interface CertificatePair {
  readonly certificate: string
  readonly key: string
}

/** What handshakes need, as plain data that may travel to other processes. */
export interface TlsMaterial {
  /** For clients that name no host, or an unknown one. */
  readonly pair: CertificatePair
  /** Pairs of further names, in lower case, which may begin with `*.`. */
  readonly names: Readonly<Record<string, CertificatePair>>
  /** Certificates of the authorities of clients, PEM; empty: none. */
  readonly ca: string
}

/** How handshakes are done, whatever the certificates are. */
export interface TlsPolicy {
  readonly clientCertificate: 'none' | 'request' | 'require'
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** In the words of OpenSSL; undefined: those of Node. */
  readonly ciphers: string | undefined
  /** By ALPN, the preferred one first. */
  readonly protocols: readonly string[]
  /** 48 bytes, by which all processes of a server read the session tickets of each other. */
  readonly ticketKeys: Buffer
}
