import type { TaipanError } from '../../core/errors.ts'
import type { GatewayRequest } from '../gateway/address-client.ts'

/** How requests are written to a connection, and answers are read from it. */
export interface WireProtocol {
  /** Connections can be used for one request after another. */
  readonly keeps: boolean
  /** The end of our direction is the end of the request. */
  readonly halfCloses: boolean
  /** The output begins with a status line. */
  readonly nph: boolean
  /** What tells the other side that nobody waits for the answer any more; undefined: the end of the connection does. */
  readonly abortion: Uint8Array | undefined
  /** The request up to its body, and to its end if it has no body. Throws errors of the request, such as `FIELDS_TOO_LARGE`. */
  encodeHead(request: GatewayRequest): Uint8Array
  /** A piece of the body, of at most `PIECE_BYTES`. */
  encodePiece(piece: Uint8Array): readonly Uint8Array[]
  /** How the file for a filter is written, which follows the body; undefined: the other side is no filter. */
  readonly file?: Pick<WireProtocol, 'encodePiece' | 'bodyEnd'> | undefined
  /** The end of the body; undefined: nothing tells it. */
  readonly bodyEnd: Uint8Array | undefined
  createReader(sink: AnswerSink): AnswerReader
}

/** Longest piece of a body. */
export const PIECE_BYTES = 0xff_f8

/** Receives what a reader has read. */
export interface AnswerSink {
  /** CGI output. */
  onOutput(chunk: Buffer): void
  /** A text for the log. */
  onErrors(chunk: Buffer): void
  onComplete(): void
  /** The request is refused; `begun` as in `AttemptEnd`. */
  onRefused(error: TaipanError, begun: 'never' | 'yes'): void
}

/** Reads the answers of a connection. */
export interface AnswerReader {
  /** Nothing has arrived beyond the last whole answer. */
  readonly between: boolean
  /** Takes the next bytes. Throws `UPSTREAM_FAILED` if the other side does not keep to the protocol. */
  push(chunk: Buffer): void
  /** The other side sends no more. Throws `UPSTREAM_FAILED` if an answer has not ended. */
  end(): void
}
