import type { AnswerReader, AnswerSink } from './wire-protocol.ts'

/** Reads an answer that ends with its connection. */
export class PlainReader implements AnswerReader {
  readonly between = false
  readonly #sink: AnswerSink

  constructor(sink: AnswerSink) {
    this.#sink = sink
  }

  push(chunk: Buffer): void {
    this.#sink.onOutput(chunk)
  }

  end(): void {
    this.#sink.onComplete()
  }
}
