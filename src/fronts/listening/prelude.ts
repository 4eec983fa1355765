import type { ByteStream } from '../../core/byte-stream.ts'
import type { FrontConnection } from './open-connections.ts'

/** What a connection goes through before its protocol sees it, such as a PROXY header or a TLS handshake. */
export interface Prelude {
  /** Clients without a place are told so in the words of the protocol, before the prelude; false: they are only disconnected. */
  readonly refusesInPlain: boolean
  /**
   * Begins on an accepted connection. What it returns, mostly a `PreludeConnection`, counts, is watched for
   * `timeouts.header`, and is stopped like any other connection, until `proceed`, or until the stream closes.
   * `proceed` is called once, and not before `begin` has returned, with the stream that the protocol gets: one with other facts
   * (`ByteStream.continueWith`), or one over the detached stream.
   */
  begin(stream: ByteStream, proceed: (stream: ByteStream) => void): FrontConnection
}
