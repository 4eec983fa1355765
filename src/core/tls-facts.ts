/** What the handshake of a connection has settled; one object for each connection, valid after it is closed. */
export interface TlsFacts {
  readonly version: TlsVersion
  readonly cipher: CipherFacts
  /** Name that the client has asked for (SNI), in lower case; empty for none. */
  readonly serverName: string
  /** The handshake was that of an earlier connection. */
  readonly resumed: boolean
  /** The session as OpenSSL keeps it (`i2d_SSL_SESSION`), which has its keys; undefined when the connection is closed. Until the first data has come it may have no id. */
  readonly readSession: () => Uint8Array | undefined
  /** Certificate of this server, in PEM. */
  readonly certificate: string
  /** Undefined: the client has none, or was not asked for it. */
  readonly client: ClientCertificate | undefined
}

/** Versions that are spoken. */
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

/** The ciphers of a connection. */
export interface CipherFacts {
  /** As OpenSSL calls them, such as `ECDHE-RSA-AES128-GCM-SHA256`. */
  readonly name: string
  /** As the registry of IANA calls them, such as `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`. */
  readonly standardName: string
}

/** The certificate of a client. Whoever asks who the client is must look at `error` first. */
export interface ClientCertificate {
  /** The certificate and those that the client has sent to prove it, in DER, its own first. A resumed connection has its own, and what is known of the others. */
  readonly chain: readonly Uint8Array[]
  /** Why it proves nothing; undefined: one of the authorities has signed it. */
  readonly error: string | undefined
}
