import type { ByteStream } from '../../core/byte-stream.ts'

/** A bound address. */
export interface Listener {
  readonly url: string
  /** Called with each failure to accept one connection. */
  onError(listener: (error: Error) => void): void
  /** Stops accepting; connections that exist live on. Resolves when all of this process have ended. */
  close(): Promise<void>
}

/** A way of its own by which connections come in. */
export interface ConnectionSource {
  /** Called once. */
  listen(onConnection: (stream: ByteStream) => void): Promise<Listener>
}

/** An address that this process binds by itself: an interface and port (0 takes a free one), a Unix socket, an inherited descriptor. */
export type BoundAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | {
      readonly kind: 'fd'
      readonly fd: number
      /** Of the Unix socket, where it is one and its path is known. */
      readonly path?: string | undefined
    }

/** Where connections come from. */
export type ListenAddress =
  | BoundAddress
  | { readonly kind: 'source'; readonly source: ConnectionSource }

/** The address as a person writes it. */
export function formatAddress(address: BoundAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  if (address.kind === 'fd') return `fd:${address.fd}`
  return formatHostPort(address.host, address.port)
}

/** `host:port`, with brackets where they are needed. */
export function formatHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Path of a Unix socket that a listener's `url` names; undefined for TCP. */
export function parseSocketPath(url: string): string | undefined {
  return url.startsWith('unix:') ? url.slice(5) : undefined
}
