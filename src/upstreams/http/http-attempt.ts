import type { Dispatcher } from 'undici'
import { TaipanError } from '../../core/errors.ts'
import type { RequestBody } from '../../core/exchange.ts'
import type { FieldPairs } from '../../core/field-block.ts'
import type {
  Attempt,
  AttemptEnd,
  AttemptListener,
  GatewayRequest,
} from '../gateway/address-client.ts'
import type { NamedFile } from '../responses/named-file.ts'
import { BodyStream } from './body-stream.ts'
import { HttpAnswer } from './http-answer.ts'
import type { HttpConnection } from './http-connection.ts'

/** What an attempt needs. */
export interface HttpAttemptOptions {
  readonly request: GatewayRequest
  readonly listener: AttemptListener
  readonly connection: HttpConnection
  readonly target: string
  /** Names and values in turn; not changed. */
  readonly fields: string[]
  /** Changes fields of the response; undefined: none. */
  readonly rewrite: ((fields: FieldPairs) => FieldPairs) | undefined
  /** Sends a file in place of the body; undefined: fields that name one are passed on. */
  readonly onNamedFile: ((file: NamedFile) => void) | undefined
  /** Called once, before the listener gets the end; `reusable`: other requests may follow on the connection. */
  readonly onFree: (connection: HttpConnection, reusable: boolean) => void
}

/** Longest body that is given to undici in one piece, which is cheaper. */
const WHOLE_BYTES = 65_536

/** A request on its way through undici, and its response. */
export class HttpAttempt implements Attempt, Dispatcher.DispatchHandler {
  /** Bytes have arrived for it. */
  heard = false
  protected readonly options: HttpAttemptOptions
  readonly #answer: HttpAnswer
  #upload: BodyStream | undefined
  /** Bytes were taken from the body. */
  #taken = false
  #sent = false
  #over = false
  #abortion: Error | undefined
  #cancel: ((error?: Error) => void) | undefined
  #resume: (() => void) | undefined

  constructor(options: HttpAttemptOptions) {
    this.options = options
    const { request, rewrite, onNamedFile, listener } = options
    this.#answer = new HttpAnswer({
      exchange: request.exchange,
      rewrite,
      onNamedFile,
      onResume: () => {
        listener.onProgress()
        this.#resume?.()
      },
    })
  }

  get held(): boolean {
    return this.#answer.held || this.#upload?.waitsForClient === true
  }

  /** Gives the request to undici. */
  start(): void {
    const { connection, target, request } = this.options
    const { method } = request.exchange.request
    const body = this.#createBody(request.body)
    connection.dispatch({ path: target, method, headers: this.#createFields(), body }, this)
  }

  abort(reason: Error): void {
    if (this.#over) return
    this.#abortion = reason
    if (this.#cancel === undefined) this.options.connection.close(reason)
    else this.#cancel(reason)
  }

  onConnect(cancel: (error?: Error) => void): void {
    this.#cancel = cancel
    if (this.#abortion !== undefined) {
      cancel(this.#abortion)
      return
    }
    this.#sent = true
    this.options.connection.noteRequest()
    this.options.listener.onConnected()
  }

  onBodySent(): void {
    this.options.listener.onProgress()
  }

  onHeaders(status: number, fields: Buffer[], resume: () => void, reason: string): boolean {
    this.heard = true
    this.options.listener.onProgress()
    this.#resume = resume
    this.#answer.begin({ status, reason, fields })
    return true
  }

  onData(chunk: Buffer): boolean {
    this.options.listener.onProgress()
    return this.#answer.take(chunk)
  }

  onComplete(): void {
    // undici takes a reset for the end of a body without a length.
    if (this.options.connection.broken) {
      const error = new TaipanError('UPSTREAM_FAILED', 'reset the connection within its answer')
      this.end({ kind: 'failed', error, begun: 'yes', lost: true })
      return
    }
    this.#answer.end()
    this.end({ kind: 'answered' })
  }

  onError(error: Error): void {
    // undici asks for as many bytes as Content-Length says, although 204 and 304 have none.
    if (this.#answer.bodiless && this.#abortion === undefined) {
      this.#answer.end()
      this.end({ kind: 'answered' })
      return
    }
    if (this.#abortion === undefined) this.end(this.#createFailure(error))
    else {
      const { response } = this.options.request.exchange
      if (response.begun) response.abort(this.#abortion)
      this.end({ kind: 'answered' })
    }
  }

  #createBody(body: RequestBody): Buffer | BodyStream | null {
    if (body.length === 0) return null
    const { connection } = this.options
    // On a new connection nothing is taken before it is there.
    if (body.complete && body.buffered <= WHOLE_BYTES && connection.alive) {
      this.#taken = true
      const whole = body.take()
      return whole === undefined ? null : Buffer.from(whole.buffer, whole.byteOffset, whole.length)
    }
    this.#upload = new BodyStream(body)
    return this.#upload
  }

  #createFields(): string[] {
    const { fields, request } = this.options
    const { length } = request.body
    return length === undefined || length === 0
      ? fields
      : [...fields, 'Content-Length', String(length)]
  }

  #createFailure(cause: Error): AttemptEnd {
    if (!this.#sent) {
      const error = new TaipanError('UPSTREAM_UNREACHABLE', cause.message, { cause })
      return { kind: 'failed', error, begun: this.#hasTaken ? 'yes' : 'never', lost: true }
    }
    const isStale = this.options.connection.uses > 1 && !this.heard && !this.#hasTaken
    const begun = isStale ? 'perhaps' : 'yes'
    if (cause instanceof TaipanError) return { kind: 'failed', error: cause, begun, lost: false }
    const error = new TaipanError('UPSTREAM_FAILED', this.#describe(cause), { cause })
    return { kind: 'failed', error, begun, lost: !isStale && isLoss(cause) }
  }

  #describe(error: Error): string {
    const place = this.heard ? 'within its answer' : 'without an answer'
    if ('code' in error && error.code === 'ECONNRESET') return `reset the connection ${place}`
    return error.name === 'SocketError' ? `closed the connection ${place}` : error.message
  }

  get #hasTaken(): boolean {
    return this.#taken || this.#upload?.begun === true
  }

  /** Only in the next tick it is free, because undici is still busy with it: it may have to close the connection. */
  protected end(end: AttemptEnd): void {
    if (this.#over) return
    this.#over = true
    if (end.kind === 'failed' || this.#abortion !== undefined) this.#answer.drop()
    this.#upload?.destroy()
    process.nextTick(() => this.#free(end))
  }

  #free(end: AttemptEnd): void {
    const { listener, connection, onFree } = this.options
    const isWhole = end.kind === 'answered' && this.#abortion === undefined
    onFree(connection, isWhole && connection.alive)
    listener.onEnd(end)
  }
}

/** The connection broke; otherwise the answer breaks HTTP. */
function isLoss(error: Error): boolean {
  return error.name === 'SocketError' || 'syscall' in error
}
