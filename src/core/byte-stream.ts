import type { Duplex } from 'node:stream'

import type { ConnectionFacts } from './exchange.ts'

/** Facts of a stream, fixed when it is accepted and valid after it is closed. */
export interface StreamFacts extends ConnectionFacts {
  /** Protocol negotiated by ALPN (RFC 7301), such as `h2`; empty for none. */
  readonly alpn: string
}

/** Receives the events of a stream. */
export interface StreamListener {
  /** Bytes have arrived. The stream does not change them later. */
  onData(chunk: Buffer): void
  /** End of stream: the other side has finished sending. */
  onEnd(): void
  /** The transport accepted pending bytes. Never called from within `write`. */
  onTaken(): void
}

/** The bytes of one connection in both directions, over any transport. Reads from the moment it is made. */
export interface ByteStream {
  readonly facts: StreamFacts
  /** Receiver of the events; may be replaced. */
  listener: StreamListener
  /** Neither direction works any more. */
  readonly closed: boolean
  /** No byte has arrived yet. */
  readonly silent: boolean
  /** That of the system; undefined where there is none, where the bytes are encrypted there, and once it is closed. */
  readonly descriptor: number | undefined
  /** Bytes written that the transport has not accepted yet. */
  readonly pending: number
  /** Accepts bytes, or text of one character per byte, and returns `pending`. The caller must not change the bytes afterwards. */
  write(data: Uint8Array | string): number
  /** Collects what is written until `uncork`, so that it leaves in one piece. */
  cork(): void
  uncork(): void
  /** Stops reading; the other side feels backpressure. */
  pause(): void
  resume(): void
  /**
   * Passes on what has arrived though nobody was told of it yet. False: nothing will come any more, because the other side
   * has finished sending, or the connection is broken; the listener hears of that later.
   */
  readNow(): boolean
  /** Half-close: closes our direction once the pending bytes are sent. */
  end(): void
  /** Closes both directions once the pending bytes are sent. */
  destroySoon(): void
  /** Closes both directions now. */
  destroy(): void
  /** Closes both directions now, by a TCP reset if possible, so that the other side detects a truncated response. */
  reset(): void
  /** `listener` is called once, when the stream closes, with the error if there was one; never for a stream that is closed already. */
  onClose(listener: (error: Error | undefined) => void): void
  /**
   * The same connection with other facts, which begins with the bytes that were read too many. `listener` gets no more
   * events, and nothing but `onClose` of this object may be used.
   */
  continueWith(facts: StreamFacts, unread: Uint8Array): ByteStream
  /** The same connection for code that needs a Node stream. `listener` gets no more events; `onClose` still works. */
  detach(): Duplex
}
