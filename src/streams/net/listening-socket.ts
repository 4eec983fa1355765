import type { ByteStream } from '../../core/byte-stream.ts'

/** Where to listen: TCP (port 0 takes a free one), the path of a Unix socket, or the descriptor of a listening socket. */
export type SocketPlace = {
  /** How many clients may wait for being accepted; by default 1024. */
  readonly backlog?: number | undefined
} & (
  | {
      readonly kind: 'tcp'
      readonly host: string
      readonly port: number
      /** Accepted connections are probed by the system while they are silent. */
      readonly keepAlive?: boolean | undefined
      /** Other processes may listen there, too. */
      readonly reusePort?: boolean | undefined
    }
  | { readonly kind: 'unix'; readonly path: string }
  | {
      readonly kind: 'fd'
      readonly fd: number
      /** Path of a Unix socket, if known. */
      readonly path?: string | undefined
    }
)

/** A socket that accepts connections as byte streams. Whatever opens one knows the sockets of one system only. */
export interface ListeningSocket {
  /** What the system calls the place: host and port, or the path of a Unix socket; undefined if it does not say. */
  readonly address: { readonly host: string; readonly port: number } | string | undefined
  /** Descriptor, open until `close`. Throws if there is none. */
  readonly descriptor: number
  /** `listener` is called each time that a connection cannot be accepted. */
  onError(listener: (error: Error) => void): void
  /** Stops accepting at once, and removes a Unix socket; open connections continue. Resolves when all of them are closed. */
  close(): Promise<void>
}

/** Opens a listening socket; nothing is accepted in the same turn of the event loop. Rejects with an error that has the `code` of the system. */
export type OpenListeningSocket = (
  place: SocketPlace,
  onConnection: (stream: ByteStream) => void,
) => Promise<ListeningSocket>
