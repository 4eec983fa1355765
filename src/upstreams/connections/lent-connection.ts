import type { ByteStream } from '../../core/byte-stream.ts'
import type { AnswerReader, AnswerSink } from './wire-protocol.ts'

/** Has a connection for the time of a request. */
export interface ConnectionUser extends AnswerSink {
  onData(chunk: Buffer): void
  onStreamEnd(): void
  onTaken(): void
  onClose(error: Error | undefined): void
}

/** The bytes of a connection, or of a share of it. */
export type LentStream = Pick<
  ByteStream,
  | 'closed'
  | 'pending'
  | 'write'
  | 'cork'
  | 'uncork'
  | 'pause'
  | 'resume'
  | 'end'
  | 'destroy'
  | 'destroySoon'
>

/** What a request has of a connection. */
export interface LentConnection {
  readonly stream: LentStream
  /** Takes what `onData` of the user got. */
  readonly reader: AnswerReader
  /** Requests that had it before. */
  readonly uses: number
  /** Gives it to a user. */
  lend(user: ConnectionUser): void
  /** The user is done with it. */
  free(): void
}
