import type { Dispatcher } from 'undici'
import { TaipanError } from '../../core/errors.ts'
import type { RequestBody } from '../../core/exchange.ts'
import { NO_FIELDS, type FieldPairs } from '../../core/field-block.ts'
import { createResponseHead, type ResponseHead } from '../../core/response-head.ts'
import { isBodiless } from '../../core/status.ts'
import type {
  Attempt,
  AttemptEnd,
  AttemptListener,
  GatewayRequest,
} from '../gateway/address-client.ts'
import { findNamedFile, type NamedFile } from '../responses/named-file.ts'
import { BodyStream } from './body-stream.ts'
import type { HttpConnection } from './http-connection.ts'
import { createUpstreamHead, readPairs } from './response-head.ts'

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

/** Interim responses of one request; more are an error. */
const MAX_INTERIM = 32
const EARLY_HINTS = 103
/** Longest body that is given to undici in one piece, which is cheaper. */
const WHOLE_BYTES = 65_536

/** A request on its way through undici, and its response. */
export class HttpAttempt implements Attempt, Dispatcher.DispatchHandler {
  /** Bytes have arrived for it. */
  heard = false
  protected readonly options: HttpAttemptOptions
  #upload: BodyStream | undefined
  /** Bytes were taken from the body. */
  #taken = false
  #sent = false
  #blocked = false
  #over = false
  #abortion: Error | undefined
  #cancel: ((error?: Error) => void) | undefined
  #resume: (() => void) | undefined
  #interim = 0
  #bodiless = false
  #file: NamedFile | undefined
  /** The head, until it is known whether the body ends in the same turn, with what has come of the body. */
  #head: ResponseHead | undefined
  #first: Buffer | undefined

  constructor(options: HttpAttemptOptions) {
    this.options = options
  }

  get held(): boolean {
    return this.#blocked || this.#upload?.waitsForClient === true
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
    if (status < 200) {
      this.#takeInterim(status, fields)
      return true
    }
    const { onNamedFile, rewrite } = this.options
    if (onNamedFile !== undefined) this.#file = findNamedFile({ status, fields: readPairs(fields) })
    if (this.#file !== undefined) return true
    this.#head = createUpstreamHead({ status, reason, fields }, rewrite)
    this.#resume = resume
    this.#bodiless = isBodiless(this.options.request.exchange.request.method, status)
    process.nextTick(() => this.#flush())
    return true
  }

  onData(chunk: Buffer): boolean {
    this.options.listener.onProgress()
    if (this.#file !== undefined) return true
    if (this.#head !== undefined && this.#first === undefined) {
      this.#first = chunk
      return true
    }
    this.#flush()
    return this.#write(chunk)
  }

  onComplete(): void {
    // undici takes a reset for the end of a body without a length.
    if (this.options.connection.broken) {
      const error = new TaipanError('UPSTREAM_FAILED', 'reset the connection within its answer')
      this.#head = undefined
      this.end({ kind: 'failed', error, begun: 'yes', lost: true })
      return
    }
    this.#complete()
  }

  onError(error: Error): void {
    // undici asks for as many bytes as Content-Length says, although 204 and 304 have none.
    if (this.#bodiless && this.#abortion === undefined) {
      this.#complete()
      return
    }
    this.#head = undefined
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

  #takeInterim(status: number, fields: readonly Buffer[]): void {
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
    if (hints !== NO_FIELDS) this.options.request.exchange.response.inform(status, hints)
  }

  #complete(): void {
    const { response } = this.options.request.exchange
    const head = this.#head
    this.#head = undefined
    if (this.#file !== undefined) this.options.onNamedFile?.(this.#file)
    else if (head === undefined) response.end()
    else response.send(head, this.#first ?? '')
    this.end({ kind: 'answered' })
  }

  #flush(): void {
    const head = this.#head
    if (head === undefined) return
    this.#head = undefined
    this.options.request.exchange.response.begin(head)
    const first = this.#first
    this.#first = undefined
    if (first !== undefined) this.#write(first)
  }

  #write(chunk: Buffer): boolean {
    const { response } = this.options.request.exchange
    if (response.write(chunk)) return !this.#blocked
    this.#blocked = true
    response.onDrain = () => {
      response.onDrain = undefined
      this.#blocked = false
      this.options.listener.onProgress()
      this.#resume?.()
    }
    return false
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
    this.options.request.exchange.response.onDrain = undefined
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
