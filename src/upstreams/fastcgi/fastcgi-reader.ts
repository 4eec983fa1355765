import { TaipanError } from '../../core/errors.ts'
import { parseEnd, ProtocolStatus } from '../../wire/fastcgi/bodies.ts'
import { RecordDecoder, RecordType, type RecordHead } from '../../wire/fastcgi/records.ts'
import type { AnswerReader, AnswerSink } from '../connections/wire-protocol.ts'

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
    this.#ended = false
    // What follows an answer belongs to no request.
    if (id !== REQUEST_ID || this.#over) return
    if (type === RecordType.STDOUT) {
      if (content.length > 0) this.#sink.onOutput(content)
    } else if (type === RecordType.STDERR) {
      if (content.length > 0) this.#sink.onErrors(content)
    } else if (type === RecordType.END_REQUEST) this.#end(content)
  }

  #end(content: Buffer): void {
    this.#ended = true
    this.#over = true
    const { protocolStatus } = parseEnd(content, 'UPSTREAM_FAILED')
    if (protocolStatus === ProtocolStatus.COMPLETE) this.#sink.onComplete()
    else {
      const begun = protocolStatus === ProtocolStatus.UNKNOWN_ROLE ? 'yes' : 'never'
      this.#sink.onRefused(describeRefusal(protocolStatus), begun)
    }
  }
}

function describeRefusal(status: number): TaipanError {
  switch (status) {
    case ProtocolStatus.CANNOT_MULTIPLEX:
      return new TaipanError('OVERLOADED', 'takes one request only on a connection')
    case ProtocolStatus.OVERLOADED:
      return new TaipanError('OVERLOADED', 'says that it is overloaded')
    case ProtocolStatus.UNKNOWN_ROLE:
      return new TaipanError('APPLICATION_FAILED', 'does not know the role of the request')
    default:
      return new TaipanError('UPSTREAM_FAILED', `ended with the unknown protocolStatus ${status}`)
  }
}
