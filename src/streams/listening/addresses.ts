import type { ByteStream } from '../../core/byte-stream.ts'
import type { ListeningSocket } from '../net/listening-socket.ts'
import type { SocketAccess } from './own-socket.ts'

/** A listening socket. */
export interface Listener {
  readonly url: string
  /** `listener` is called each time that a connection cannot be accepted. */
  onError(listener: (error: Error) => void): void
  /** Stops accepting; open connections continue. Resolves when all connections that this process accepted are closed. */
  close(): Promise<void>
}

/** Delivers connections from somewhere other than a listening socket of this process. */
export interface ConnectionSource {
  /** Called once. */
  listen(onConnection: (stream: ByteStream) => void): Promise<Listener>
}

/** What those who connect speak; streams only name it. */
export type Protocol = 'http' | 'fastcgi' | 'scgi' | 'uwsgi'

/** What is spoken on the connections of an address: by default HTTP, from the first byte on. */
export interface Spoken {
  readonly protocol?: Protocol | undefined
  /** Each connection begins with a PROXY header, which names the client. */
  readonly proxyProtocol?: boolean | undefined
  /** It is spoken inside of TLS. */
  readonly secure?: boolean | undefined
}

/** An address that this process binds: TCP (port 0 takes a free one), a Unix socket, or an inherited descriptor. */
export type BoundAddress = Spoken & {
  /** How many clients may wait for being accepted, if the system lets them; by default 1024. */
  readonly backlog?: number | undefined
} & (
    | {
        readonly kind: 'tcp'
        readonly host: string
        readonly port: number
        /** The system finds out by itself when the other side of a connection is gone without a word. */
        readonly keepAlive?: boolean | undefined
        /** Other processes may listen there, too; the system shares the clients out. */
        readonly reusePort?: boolean | undefined
      }
    | ({ readonly kind: 'unix'; readonly path: string } & SocketAccess)
    | {
        readonly kind: 'fd'
        readonly fd: number
        /** Path of a Unix socket, if known. */
        readonly path?: string | undefined
      }
  )

/** An address or another source of connections. */
export type ListenAddress =
  | BoundAddress
  | (Spoken & { readonly kind: 'source'; readonly source: ConnectionSource })

/** Formats an address as in the configuration. */
export function formatAddress(address: BoundAddress): string {
  if (address.kind === 'unix') return `${formatPrefix(address)}unix:${address.path}`
  if (address.kind === 'fd') return `${formatPrefix(address)}fd:${address.fd}`
  const place = formatHostPort(address.host, address.port)
  return isPlainHttp(address) ? place : `${nameScheme(address)}://${place}`
}

/** The address that a socket has got, as an URL: `unix:PATH`, after `fastcgi+` and the like, for a Unix socket. */
export function formatUrl(address: BoundAddress, bound: ListeningSocket['address']): string {
  if (typeof bound === 'string') return `${formatPrefix(address)}unix:${bound}`
  if (bound === undefined) return formatAddress(address)
  return `${nameScheme(address)}://${formatHostPort(bound.host, bound.port)}`
}

function formatPrefix(address: Spoken): string {
  return isPlainHttp(address) ? '' : `${nameScheme(address)}+`
}

function isPlainHttp({ protocol = 'http', secure = false }: Spoken): boolean {
  return protocol === 'http' && !secure
}

function nameScheme({ protocol = 'http', secure = false }: Spoken): string {
  return secure ? 'https' : protocol
}

/** `host:port`, with brackets for IPv6. */
export function formatHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Path of the Unix socket in the `url` of a listener; undefined for TCP. */
export function parseSocketPath(url: string): string | undefined {
  return /^(?:[a-z]+\+)?unix:(.*)$/s.exec(url)?.[1]
}
