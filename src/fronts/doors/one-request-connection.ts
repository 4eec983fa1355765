import type { ByteStream, StreamListener } from '../../core/byte-stream.ts'
import { TaipanError } from '../../core/errors.ts'
import type { FormatHead } from '../../wire/cgi-head.ts'
import { parseCgiRequest } from '../../wire/cgi-request/request.ts'
import type { Wait } from '../listening/deadline-sweep.ts'
import type { FrontConnection } from '../listening/open-connections.ts'
import { ActiveRequest, type RequestChannel } from './active-request.ts'
import type { DoorContext } from './door-context.ts'
import { DoorStream } from './door-stream.ts'
import { formatRefusal, toRefusable } from './refusal.ts'
import type { ResponseOutbox } from './response-outbox.ts'

/** The variables of a request, and the beginning of its body. */
export interface DecodedHead {
  /** Names and values in turn. */
  readonly variables: readonly string[]
  readonly rest: Buffer
}

/** Decodes one head. */
export interface HeadDecoder {
  /** The head, once it is whole; throws for what is none. */
  push(chunk: Buffer): DecodedHead | undefined
}

/** How a connection reads its request, and writes its response. */
export interface OneRequestParts {
  readonly decoder: HeadDecoder
  readonly formatHead: FormatHead
}

/**
 * A connection with one request: its head, its body, its response, and the end.
 * The response is whole when the connection ends in order, and cut off when it is reset.
 */
export class OneRequestConnection implements StreamListener, FrontConnection, RequestChannel {
  readonly formatHead: FormatHead
  readonly #context: DoorContext
  readonly #stream: DoorStream
  readonly #decoder: HeadDecoder
  #request: ActiveRequest | undefined
  #activity = 0

  constructor(stream: ByteStream, context: DoorContext, { decoder, formatHead }: OneRequestParts) {
    this.formatHead = formatHead
    this.#context = context
    this.#stream = new DoorStream(stream)
    this.#decoder = decoder
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
    if (this.#request === undefined) return 'header'
    return this.#request.awaited ? 'body' : 'none'
  }

  get activity(): number {
    return this.#activity
  }

  get sending(): boolean {
    return this.outbox.pending > 0
  }

  get sent(): number {
    return this.outbox.progress
  }

  expire(wait: Wait | 'send'): void {
    if (wait === 'send')
      this.destroy(
        new TaipanError('CLIENT_DISCONNECTED', 'the front server does not read its response'),
      )
    else if (wait === 'header')
      this.#refuse(new TaipanError('REQUEST_TIMEOUT', 'the header did not arrive in time'))
    else if (wait === 'body')
      this.#request?.fail(new TaipanError('REQUEST_TIMEOUT', 'the body did not arrive in time'))
  }

  shutdown(): void {
    if (this.#stream.closing) this.#stream.close(true)
    else if (this.#request === undefined && this.#activity === 0) this.#stream.destroy()
  }

  destroy(reason: Error): void {
    this.#stream.destroy()
    this.#request?.abandon(reason)
  }

  onData(chunk: Buffer): void {
    if (this.#stream.closing) {
      this.#stream.noteReceived(chunk.length)
      return
    }
    if (this.#request !== undefined) {
      this.#activity += 1
      this.#request.push(chunk)
      return
    }
    // One for all of the head, so that its deadline holds for the whole of it.
    this.#activity = 1
    try {
      const head = this.#decoder.push(chunk)
      if (head !== undefined) this.#start(head)
    } catch (error) {
      this.#refuse(toRefusable(error))
    }
  }

  onEnd(): void {
    this.#stream.ended = true
    if (this.#stream.closing) return
    if (this.#request !== undefined) this.#request.noteEnd()
    else if (this.#activity === 0) this.#stream.close(this.#context.stopping)
    else this.#refuse(new TaipanError('REQUEST_MALFORMED', 'the header is incomplete'))
  }

  onTaken(): void {
    this.#stream.noteTaken()
    this.#request?.noteTaken()
  }

  write(data: Uint8Array | string): void {
    this.outbox.write(data)
  }

  sendEnd(): void {
    this.outbox.flush()
  }

  sendCut(): void {
    this.#stream.reset()
  }

  regulate(): void {
    this.#stream.setPaused(this.#request?.blocked === true)
  }

  onSettled(): void {
    // The end of the connection is no news for it.
    this.#request = undefined
    this.#stream.close(this.#context.stopping)
  }

  #start({ variables, rest }: DecodedHead): void {
    const request = parseCgiRequest(variables, { limits: this.#context.limits })
    // Both protocols have no other way to tell the length.
    const bodyLength = request.contentLength ?? 0
    const active = new ActiveRequest(this.#context, this, { request, bodyLength })
    this.#request = active
    active.push(rest)
    active.start()
    if (this.#stream.ended) active.noteEnd()
  }

  #refuse(error: TaipanError): void {
    this.#context.noteRefusal(error)
    this.write(formatRefusal(error, this.formatHead))
    this.#stream.close(this.#context.stopping)
  }

  #noteClose(error: Error | undefined): void {
    if (this.#request === undefined) return
    const cause = error === undefined ? undefined : { cause: error }
    this.#request.abandon(
      new TaipanError('CLIENT_DISCONNECTED', 'the front server closed the connection', cause),
    )
  }
}
