import type { TaipanError } from '../../core/errors.ts'
import type { ConnectionFacts } from '../../core/exchange.ts'
import type { CgiRequest } from '../../wire/cgi-request/request.ts'
import type { ExchangeLink } from '../exchange/base-exchange.ts'
import { runHandler, settleExchange } from '../exchange/run-handler.ts'
import { ArrivingBody } from './arriving-body.ts'
import type { DoorContext } from './door-context.ts'
import { DoorExchange } from './door-exchange.ts'
import { DoorResponse, type ResponseOutput } from './door-response.ts'
import { formatRefusal, toRefusable } from './refusal.ts'
import type { ResponseOutbox } from './response-outbox.ts'

/** The connection of a request, as the request uses it. */
export interface RequestChannel extends Pick<ResponseOutput, 'formatHead' | 'write'> {
  readonly outbox: ResponseOutbox
  /** The front server has finished sending. */
  readonly clientEnded: boolean
  /** Sends the end of the response. */
  sendEnd(): void
  /** Shows the front server that the response is incomplete. */
  sendCut(): void
  /** The body has got room, or has none left. */
  regulate(): void
  /** The request is over, and its response was accepted. */
  onSettled(): void
}

/** A request from its head to the end of its response: its exchange, its body, and refusals in place of a response. */
export class ActiveRequest implements ExchangeLink {
  readonly facts: ConnectionFacts
  readonly #context: DoorContext
  readonly #channel: RequestChannel
  readonly #arriving: ArrivingBody
  readonly #exchange: DoorExchange
  /** What the front server must have accepted before the exchange is over; undefined before its end. */
  #end: number | undefined
  #over = false
  /** The body is moved in the next tick. */
  #resuming = false

  /** `bodyLength` is undefined where only its end tells the length of the body. */
  constructor(
    context: DoorContext,
    channel: RequestChannel,
    { request, bodyLength }: { request: CgiRequest; bodyLength: number | undefined },
  ) {
    this.#context = context
    this.#channel = channel
    this.facts = request.connection
    this.#arriving = new ArrivingBody({ length: bodyLength, most: context.limits.body })
    const response = new DoorResponse(this.#createOutput(), request.head.method)
    this.#exchange = new DoorExchange(this, request, { response, bodyLength })
  }

  get clientEnded(): boolean {
    return this.#channel.clientEnded && this.#arriving.ended
  }

  /** Bytes have arrived that there is no room for. */
  get blocked(): boolean {
    return this.#answering && this.#arriving.blocked
  }

  /** The front server must send more of the body. */
  get awaited(): boolean {
    return this.#answering && !this.#arriving.ended && this.#exchange.body.room > 0
  }

  get #answering(): boolean {
    return !this.#over && this.#end === undefined
  }

  /** Gives the exchange to the handler, unless its body is refused already. */
  start(): void {
    if (!this.#answering) return
    this.#context.exchanges += 1
    runHandler(this.#exchange, this.#context)
  }

  /** More of the body has arrived. */
  push(chunk: Buffer): void {
    if (!this.#answering) return
    try {
      this.#arriving.push(chunk)
    } catch (error) {
      this.fail(toRefusable(error))
      return
    }
    this.#fill()
  }

  /** The body has no more bytes. */
  endBody(): void {
    if (!this.#answering) return
    this.#arriving.end()
    this.#fill()
  }

  /** The front server has finished sending. */
  noteEnd(): void {
    this.endBody()
    if (this.#answering) this.#exchange.onClientEnd?.()
  }

  /** The front server has accepted bytes. */
  noteTaken(): void {
    if (this.#answering) this.#exchange.response.noteProgress()
    else if (!this.#over && this.#channel.outbox.accepted >= (this.#end ?? 0))
      this.#settle(undefined)
  }

  /** The rest of the body cannot be read: a refusal, unless the response has begun. */
  fail(error: TaipanError): void {
    if (!this.#answering) return
    this.#exchange.body.fail(error)
    if (this.#answering && !this.#exchange.response.begun) this.#refuse(error)
  }

  /** Ends the exchange without a response, or during one. */
  abandon(reason: Error): void {
    this.#settle(reason)
  }

  resumeBody(): void {
    if (this.#resuming || !this.#arriving.blocked) return
    this.#resuming = true
    process.nextTick(() => {
      this.#resuming = false
      if (this.#answering) this.#fill()
    })
  }

  /** The front server has done that. */
  sendContinue(): void {}

  #createOutput(): ResponseOutput {
    const channel = this.#channel
    return {
      outbox: channel.outbox,
      formatHead: channel.formatHead,
      write: (data) => channel.write(data),
      finish: () => this.#finish(),
      cut: (reason) => this.#cut(reason),
    }
  }

  #fill(): void {
    const { body } = this.#exchange
    const failure = this.#arriving.moveTo(body)
    if (failure !== undefined) this.fail(failure)
    else body.onProgress?.()
    this.#channel.regulate()
  }

  #refuse(error: TaipanError): void {
    this.#exchange.response.supersede(error.facts.status ?? 400)
    const bodiless = this.#exchange.request.method === 'HEAD'
    this.#channel.write(formatRefusal(error, this.#channel.formatHead, bodiless))
    this.#channel.sendEnd()
    this.#context.noteRefusal(error)
    this.#settle(error)
  }

  #finish(): void {
    this.#channel.sendEnd()
    this.#end = this.#channel.outbox.written
    this.noteTaken()
  }

  #cut(reason: Error): void {
    this.#channel.sendCut()
    this.#settle(reason)
  }

  #settle(error: Error | undefined): void {
    if (this.#over) return
    this.#over = true
    settleExchange(this.#exchange, error, this.#context.logger)
    this.#channel.onSettled()
  }
}
