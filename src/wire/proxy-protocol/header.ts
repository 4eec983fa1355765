/** Both ends of a connection, as the proxy that has accepted it tells. Addresses and ports are empty for a Unix socket. */
export interface ProxiedEnds {
  readonly remoteAddress: string
  readonly remotePort: string
  readonly localAddress: string
  readonly localPort: string
}

/** What a PROXY header says. */
export interface ProxyHeader {
  /** Undefined: the proxy does not know, or speaks for itself, as in its health checks. */
  readonly ends: ProxiedEnds | undefined
  /** What follows the header in the bytes that were given last. */
  readonly unread: Buffer
}

/** Takes a PROXY header that arrives in pieces, and holds no more of it than it needs. */
export interface ProxyHeaderDecoder {
  /** Undefined while the header is incomplete. Throws `REQUEST_MALFORMED` as soon as it cannot be one any more. */
  push(chunk: Buffer): ProxyHeader | undefined
}
