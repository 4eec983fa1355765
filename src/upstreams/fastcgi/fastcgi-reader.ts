import { TaipanError } from '../../core/errors.ts'
import { RecordDecoder, RecordType, type RecordHead } from '../../wire/fastcgi/records.ts'
import type { AnswerReader, AnswerSink } from '../connections/wire-protocol.ts'
import { readAnswerRecord } from './answer-records.ts'

/** Id of requests on connections that have one at a time; some applications know no other. */
export const REQUEST_ID = 1

/** Reads the records of an application. Those of other requests and of unknown types are skipped. */
export class FastCgiReader implements AnswerReader {
  readonly #sink: AnswerSink
  readonly #decoder: RecordDecoder
  /** END_REQUEST has arrived, and nothing after it. */
  #ended = true
  /** An answer has ended within the bytes that are read. */
  #over = false

  constructor(sink: AnswerSink) {
    this.#sink = sink
    this.#decoder = new RecordDecoder(
      { onRecord: (head, chunk, start, end) => this.#take(head, chunk.subarray(start, end)) },
      'UPSTREAM_FAILED',
    )
  }

  get between(): boolean {
    return this.#ended && this.#decoder.between
  }

  push(chunk: Buffer): void {
    this.#over = false
    this.#decoder.push(chunk)
  }

  end(): void {
    throw new TaipanError('UPSTREAM_FAILED', 'closed the connection before the end of its answer')
  }

  #take({ type, id }: RecordHead, content: Buffer): void {
    const isOver = this.#over || id !== REQUEST_ID
    this.#ended = !isOver && type === RecordType.END_REQUEST
    // What follows an answer belongs to no request.
    if (isOver) return
    this.#over = this.#ended
    readAnswerRecord(type, content, this.#sink)
  }
}
