import { TaipanError } from '../../core/errors.ts'
import type { FrontServerRole } from '../../core/exchange.ts'
import { formatCgiHead } from '../../wire/cgi-head.ts'
import type { CgiRequest } from '../../wire/cgi-request/request.ts'
import { RecordType } from '../../wire/fastcgi/records.ts'
import { ActiveRequest, type RequestChannel } from '../doors/active-request.ts'
import type { DoorContext } from '../doors/door-context.ts'
import { formatRefusal, toRefusable } from '../doors/refusal.ts'
import type { ResponseOutbox } from '../doors/response-outbox.ts'
import { FilterBody } from './filter-body.ts'
import { RequestVariables } from './request-variables.ts'
import { writeRequestEnd, writeResponseEnd, writeStdout } from './standard-output.ts'

/** The connection of a request, as the request uses it. */
export interface FastCgiLink {
  readonly context: DoorContext
  readonly outbox: ResponseOutbox
  /** The front server has finished sending. */
  readonly clientEnded: boolean
  /** The head is complete: the request is to be started when all bytes that have arrived are read. */
  onReady(request: FastCgiRequest): void
  /** The end of the request was written. */
  onAnswered(request: FastCgiRequest): void
  /** The response cannot be completed. */
  onCut(request: FastCgiRequest): void
  /** The request is over, and its response was accepted. */
  onSettled(request: FastCgiRequest): void
  regulate(): void
  /** A number that this connection has not had. */
  nextActivity(): number
}

/** What BEGIN_REQUEST says. */
export interface FastCgiBegin {
  readonly id: number
  readonly role: FrontServerRole
}

/** What arrives for a request: a piece of a stream of it, or its end. */
export interface StreamPiece {
  readonly type: number
  readonly bytes: Buffer
}

/** A request of a connection: its variables, until they are complete, and what follows them. */
export class FastCgiRequest implements RequestChannel {
  readonly formatHead = formatCgiHead
  readonly id: number
  /** Changes when the present wait for the front server starts again; unique in a connection. */
  activity: number
  readonly #link: FastCgiLink
  readonly #role: FrontServerRole
  #variables: RequestVariables | undefined
  /** Complete, but its body has an unknown length and has not begun. */
  #head: CgiRequest | undefined
  #filter: FilterBody | undefined
  #active: ActiveRequest | undefined

  constructor(link: FastCgiLink, { id, role }: FastCgiBegin) {
    this.#link = link
    this.id = id
    this.activity = link.nextActivity()
    this.#role = role
    this.#variables = new RequestVariables(link.context, role)
  }

  get outbox(): ResponseOutbox {
    return this.#link.outbox
  }

  get clientEnded(): boolean {
    return this.#link.clientEnded
  }

  /** What the front server must send for the request to go on. */
  get wait(): 'header' | 'body' | 'none' {
    if (this.#active === undefined) return 'header'
    return this.#active.awaited ? 'body' : 'none'
  }

  /** Bytes have arrived that there is no room for. */
  get blocked(): boolean {
    return this.#active?.blocked === true
  }

  /** Takes what has arrived; breaks off the request if that is none. */
  receive(piece: StreamPiece): void {
    try {
      this.#take(piece)
    } catch (error) {
      this.#refuse(toRefusable(error))
    }
  }

  /** Gives the request to the handler. */
  start(): void {
    this.#active?.start()
  }

  /** The front server has finished sending. */
  noteEnd(): void {
    if (this.#active === undefined)
      this.#refuse(new TaipanError('REQUEST_MALFORMED', 'the header is incomplete'))
    else this.#active.noteEnd()
  }

  /** The front server has accepted bytes. */
  noteTaken(): void {
    this.#active?.noteTaken()
  }

  /** The front server has not sent in time what the request waits for. */
  expire(): void {
    const part = this.#active === undefined ? 'header' : 'body'
    const error = new TaipanError('REQUEST_TIMEOUT', `the ${part} did not arrive in time`)
    if (this.#active === undefined) this.#refuse(error)
    else this.#active.fail(error)
  }

  /** ABORT_REQUEST: the client has left. */
  abort(): void {
    this.abandon(new TaipanError('CLIENT_DISCONNECTED', 'the front server aborted the request'))
    this.end({ appStatus: 0 })
  }

  /** Writes the end of a request without that of its response. */
  end({ appStatus }: { readonly appStatus: number }): void {
    writeRequestEnd(this.#link.outbox, this.id, { appStatus, protocolStatus: 0 })
    this.#link.onAnswered(this)
  }

  /** Ends the exchange without a response, or during one. */
  abandon(reason: Error): void {
    this.#active?.abandon(reason)
  }

  write(data: Uint8Array | string): void {
    writeStdout(this.#link.outbox, this.id, data)
  }

  sendEnd(): void {
    writeResponseEnd(this.#link.outbox, this.id)
    this.#link.onAnswered(this)
  }

  sendCut(): void {
    this.#link.onCut(this)
  }

  regulate(): void {
    this.#link.regulate()
  }

  onSettled(): void {
    this.#link.onSettled(this)
  }

  #take({ type, bytes }: StreamPiece): void {
    if (this.#active !== undefined) this.activity = this.#link.nextActivity()
    if (type === RecordType.PARAMS) this.#takeVariables(bytes)
    else if (type !== RecordType.STDIN && type !== RecordType.DATA) return
    else if (this.#variables !== undefined)
      throw new TaipanError('REQUEST_MALFORMED', 'a body begins before the end of the variables')
    else if (type === RecordType.STDIN) this.#takeInput(bytes)
    else this.#filter?.takeData(bytes)
  }

  #takeVariables(bytes: Buffer): void {
    const request = this.#variables?.take(bytes)
    if (request === undefined) return
    this.#variables = undefined
    if (this.#role === 'AUTHORIZER') this.#begin(request, 0)
    else if (request.contentLength === undefined) this.#head = request
    else this.#begin(request, request.contentLength)
  }

  #takeInput(bytes: Buffer): void {
    const head = this.#head
    this.#head = undefined
    if (head !== undefined) this.#begin(head, bytes.length === 0 ? 0 : undefined)
    if (this.#filter !== undefined) this.#filter.takeInput(bytes)
    else if (bytes.length === 0) this.#active?.endBody()
    else this.#active?.push(bytes)
  }

  #begin(request: CgiRequest, length: number | undefined): void {
    const filter = this.#role === 'FILTER' ? new FilterBody(request, length) : undefined
    const bodyLength = filter === undefined ? length : filter.length
    const active = new ActiveRequest(this.#link.context, this, { request, bodyLength })
    filter?.connect(active)
    this.#filter = filter
    this.#active = active
    this.#link.onReady(this)
  }

  #refuse(error: TaipanError): void {
    if (this.#active !== undefined) {
      this.#active.fail(error)
      return
    }
    this.#variables = undefined
    this.#head = undefined
    this.#link.context.noteRefusal(error)
    this.write(formatRefusal(error, this.formatHead))
    this.sendEnd()
  }
}
