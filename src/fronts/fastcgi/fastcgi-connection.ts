import type { ByteStream, StreamListener } from '../../core/byte-stream.ts'
import { TaipanError } from '../../core/errors.ts'
import { HIGH_WATER } from '../../streams/net/outbox.ts'
import { findRole } from '../../wire/cgi-request/front-facts.ts'
import { parseBegin, ProtocolStatus } from '../../wire/fastcgi/bodies.ts'
import { RecordDecoder, RecordType, type RecordHead } from '../../wire/fastcgi/records.ts'
import type { DoorContext } from '../doors/door-context.ts'
import { DoorStream } from '../doors/door-stream.ts'
import { toRefusable } from '../doors/refusal.ts'
import type { ResponseOutbox } from '../doors/response-outbox.ts'
import type { Wait } from '../listening/deadline-sweep.ts'
import type { FrontConnection } from '../listening/open-connections.ts'
import { FastCgiRequest, type FastCgiLink } from './fastcgi-request.ts'
import { answerManagement, MOST_REQUESTS } from './management.ts'
import { RequestTable } from './request-table.ts'
import { writeRequestEnd } from './standard-output.ts'

const CODE = 'REQUEST_MALFORMED'
// A front server that sends requests and does not read their answers is not read either.
const MOST_PENDING = 4 * HIGH_WATER

/** A connection of a front server: its requests, of which several may run at a time, and management records. */
export class FastCgiConnection implements StreamListener, FrontConnection, FastCgiLink {
  readonly context: DoorContext
  readonly #stream: DoorStream
  readonly #decoder = new RecordDecoder(this, CODE)
  readonly #requests = new RequestTable()
  #activity = 0
  #lastActivity = 0
  /** The connection ends with the requests that it has. */
  #isLast = false

  constructor(stream: ByteStream, context: DoorContext) {
    this.context = context
    this.#stream = new DoorStream(stream)
    stream.listener = this
    stream.onClose((error) => this.#noteClose(error))
  }

  get outbox(): ResponseOutbox {
    return this.#stream.outbox
  }

  get clientEnded(): boolean {
    return this.#stream.ended
  }

  get wait(): Wait {
    if (this.#stream.closing) return 'none'
    const request = this.#requests.waiting
    if (request !== undefined) return request.wait
    if (this.#requests.size > 0) return 'none'
    return this.#requests.count === 0 || !this.#decoder.between ? 'header' : 'idle'
  }

  get activity(): number {
    return this.#requests.waiting?.activity ?? this.#activity
  }

  get sending(): boolean {
    return this.outbox.pending > 0
  }

  get sent(): number {
    return this.outbox.progress
  }

  expire(wait: Wait | 'send'): void {
    const request = this.#requests.waiting
    if (wait === 'send')
      this.destroy(
        new TaipanError('CLIENT_DISCONNECTED', 'the front server does not read its responses'),
      )
    else if (request !== undefined) request.expire()
    else this.#stream.destroy()
  }

  shutdown(): void {
    this.#isLast = true
    if (this.#stream.closing) this.#stream.close(true)
    else if (this.#requests.idle) this.#stream.destroy()
    else this.#closeAfterLast()
  }

  destroy(reason: Error): void {
    this.#stream.destroy()
    this.#requests.abandon(reason)
  }

  onData(chunk: Buffer): void {
    if (this.#stream.closing) {
      this.#stream.noteReceived(chunk.length)
      return
    }
    try {
      this.#decoder.push(chunk)
    } catch (error) {
      this.#breakOff(toRefusable(error))
    }
    this.#requests.startReady()
    this.regulate()
  }

  onEnd(): void {
    this.#stream.ended = true
    if (this.#stream.closing) return
    this.#isLast = true
    this.#requests.noteEnd()
    this.#closeAfterLast()
  }

  onTaken(): void {
    this.#stream.noteTaken()
    this.#requests.noteTaken()
    this.regulate()
  }

  onRecord({ type, id }: RecordHead, chunk: Buffer, start: number, end: number): void {
    if (this.#stream.closing) return
    const bytes = chunk.subarray(start, end)
    if (id === 0) this.#manage(type, bytes)
    else if (type === RecordType.BEGIN_REQUEST) this.#begin(id, bytes)
    else if (type === RecordType.ABORT_REQUEST) this.#requests.find(id)?.abort()
    // What is for no open request is for one that is over, or was refused.
    else this.#requests.find(id)?.receive({ type, bytes })
  }

  onReady(request: FastCgiRequest): void {
    this.#requests.addReady(request)
  }

  onAnswered(request: FastCgiRequest): void {
    this.#requests.close(request)
    this.#activity = this.nextActivity()
    this.regulate()
    this.#closeAfterLast()
  }

  onCut(request: FastCgiRequest): void {
    // Others must go on: then this is all that can be said of an incomplete response.
    if (this.#requests.size > 1) request.end({ appStatus: 1 })
    else this.#stream.destroy()
  }

  onSettled(request: FastCgiRequest): void {
    this.#requests.settle(request)
  }

  regulate(): void {
    this.#stream.setPaused(this.#requests.blocked || this.outbox.pending > MOST_PENDING)
  }

  /** A number that this connection has not had. */
  nextActivity(): number {
    return ++this.#lastActivity
  }

  #begin(id: number, body: Buffer): void {
    const { role: number, keepsConnection } = parseBegin(body, CODE)
    if (this.#requests.find(id) !== undefined)
      throw new TaipanError(CODE, 'a FastCGI request has the id of one that is not over')
    const role = findRole(number)
    const refusal = role === undefined ? ProtocolStatus.UNKNOWN_ROLE : this.#findRefusal()
    if (!keepsConnection) this.#isLast = true
    if (role === undefined || refusal !== undefined) this.#refuse(id, refusal ?? 0)
    else this.#requests.add(new FastCgiRequest(this, { id, role }))
    const most = this.context.limits.requestsPerConnection
    if (most > 0 && this.#requests.count >= most) this.#isLast = true
  }

  /** Why no other request may begin. */
  #findRefusal(): number | undefined {
    const isFull = this.#requests.size >= MOST_REQUESTS
    const isLeaving = this.#isLast || this.context.stopping
    return isFull || isLeaving ? ProtocolStatus.OVERLOADED : undefined
  }

  #refuse(id: number, protocolStatus: number): void {
    writeRequestEnd(this.outbox, id, { appStatus: 0, protocolStatus })
    this.#closeAfterLast()
  }

  #manage(type: number, content: Buffer): void {
    this.outbox.write(answerManagement({ type, content }, this.context.limits.connections))
    this.outbox.flush()
  }

  #closeAfterLast(): void {
    if ((this.#isLast || this.context.stopping) && this.#requests.size === 0)
      this.#stream.close(this.context.stopping)
  }

  /** What arrives is not FastCGI. */
  #breakOff(error: TaipanError): void {
    this.context.noteRefusal(error)
    this.destroy(error)
  }

  #noteClose(error: Error | undefined): void {
    const cause = error === undefined ? undefined : { cause: error }
    this.#requests.abandon(
      new TaipanError('CLIENT_DISCONNECTED', 'the front server closed the connection', cause),
    )
  }
}
