import type { Duplex } from 'node:stream'

import type { ConnectionFacts } from './exchange.ts'

/** What is known of a stream when it is accepted, and stays true when it is closed. */
export interface StreamFacts extends ConnectionFacts {
  /** Protocol that both sides have agreed on (RFC 7301), such as `h2`; empty for none. */
  readonly alpn: string
}

/** Who has the news of a stream. */
export interface StreamListener {
  /** Bytes have arrived; they stay unchanged. */
  onData(chunk: Buffer): void
  /** The other side has finished sending. */
  onEnd(): void
  /** The carrier took bytes that were pending. Never told by `write` itself. */
  onTaken(): void
}

/** The bytes of one connection in both directions, whatever carries them. Reads as soon as it is made. */
export interface ByteStream {
  readonly facts: StreamFacts
  /** Replaced when somebody else is to have the news. */
  listener: StreamListener
  /** Nothing goes in or out any more. */
  readonly closed: boolean
  /** Bytes that the carrier has not taken. */
  readonly pending: number
  /** Takes bytes, or text of one character per byte, and returns `pending`. Bytes must not be changed afterwards. */
  write(data: Uint8Array | string): number
  /** Gathers what is written until `uncork`, so that it leaves in one piece. */
  cork(): void
  uncork(): void
  /** Lets the other side wait. */
  pause(): void
  resume(): void
  /** Closes our half behind what is pending. */
  end(): void
  /** Closes both behind what is pending. */
  destroySoon(): void
  /** Closes both now. */
  destroy(): void
  /** Closes both now, by a reset where the carrier has one: the other side can tell that something is missing. */
  reset(): void
  /** `listener` is called once the stream closes, with what broke it; not for one that has closed already. */
  onClose(listener: (error: Error | undefined) => void): void
  /** The same bytes for code that takes Node's streams only. The listener hears nothing any more; `onClose` holds. */
  detach(): Duplex
}
