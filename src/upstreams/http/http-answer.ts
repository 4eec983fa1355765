import { TaipanError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { FieldPairs } from '../../core/field-block.ts'
import { createResponseHead, type ResponseHead } from '../../core/response-head.ts'
import { isBodiless } from '../../core/status.ts'
import { findNamedFile, type NamedFile } from '../responses/named-file.ts'
import { createUpstreamHead, readPairs, type RawHead } from './response-head.ts'

/** What becomes of an answer. */
export interface HttpAnswerOptions {
  readonly exchange: Exchange
  /** Changes fields of the response; undefined: none. */
  readonly rewrite: ((fields: FieldPairs) => FieldPairs) | undefined
  /** Sends a file in place of the body; undefined: fields that name one are passed on. */
  readonly onNamedFile: ((file: NamedFile) => void) | undefined
  /** The client has caught up. */
  readonly onResume: () => void
}

/** Interim responses of one request; more are an error. */
const MAX_INTERIM = 32
const EARLY_HINTS = 103

/** Turns what an HTTP server answers into the response of an exchange. A short answer leaves in one piece. */
export class HttpAnswer {
  /** The client is behind: no more is wanted until `onResume`. */
  held = false
  /** The head is there, and no body belongs to it, whatever it says. */
  bodiless = false
  readonly #options: HttpAnswerOptions
  #interim = 0
  #file: NamedFile | undefined
  /** The head, until it is known whether the body ends in the same turn, with what has come of the body. */
  #head: ResponseHead | undefined
  #first: Buffer | undefined

  constructor(options: HttpAnswerOptions) {
    this.#options = options
  }

  /** Takes a head. Throws `UPSTREAM_FAILED` for one that HTTP forbids. */
  begin(raw: RawHead): void {
    const { exchange, onNamedFile, rewrite } = this.#options
    if (raw.status < 200) {
      this.#takeInterim(raw)
      return
    }
    if (onNamedFile !== undefined)
      this.#file = findNamedFile({ status: raw.status, fields: readPairs(raw.fields) })
    if (this.#file !== undefined) return
    this.#head = createUpstreamHead(raw, rewrite)
    this.bodiless = isBodiless(exchange.request.method, raw.status)
    process.nextTick(() => this.#flush())
  }

  /** Takes a part of the body; false if the client is behind. */
  take(chunk: Buffer): boolean {
    if (this.#file !== undefined) return true
    if (this.#head !== undefined && this.#first === undefined) {
      this.#first = chunk
      return true
    }
    this.#flush()
    return this.#write(chunk)
  }

  /** The answer is whole. */
  end(): void {
    const { exchange, onNamedFile } = this.#options
    const head = this.#head
    this.#head = undefined
    exchange.response.onDrain = undefined
    if (this.#file !== undefined) onNamedFile?.(this.#file)
    else if (head === undefined) exchange.response.end()
    else exchange.response.send(head, this.#first ?? '')
  }

  /** The answer will never be whole: what was not sent yet is dropped. */
  drop(): void {
    this.#head = undefined
    this.#options.exchange.response.onDrain = undefined
  }

  #takeInterim({ status, fields }: RawHead): void {
    this.#interim += 1
    if (this.#interim > MAX_INTERIM)
      throw new TaipanError(
        'UPSTREAM_FAILED',
        `has sent more than ${MAX_INTERIM} interim responses`,
      )
    if (status < 102 || status > EARLY_HINTS)
      throw new TaipanError('UPSTREAM_FAILED', `has answered with the status ${status}`)
    if (status !== EARLY_HINTS) return
    const { fields: hints } = createResponseHead(200, readPairs(fields))
    this.#options.exchange.response.inform(status, hints)
  }

  #flush(): void {
    const head = this.#head
    if (head === undefined) return
    this.#head = undefined
    this.#options.exchange.response.begin(head)
    const first = this.#first
    this.#first = undefined
    if (first !== undefined) this.#write(first)
  }

  #write(chunk: Buffer): boolean {
    const { exchange, onResume } = this.#options
    const { response } = exchange
    if (response.write(chunk)) return !this.held
    this.held = true
    response.onDrain = () => {
      response.onDrain = undefined
      this.held = false
      onResume()
    }
    return false
  }
}
