import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'

import type { ByteStream } from '../../core/byte-stream.ts'
import { TaipanError } from '../../core/errors.ts'
import type { ConnectionFacts } from '../../core/exchange.ts'
import { Http2HeadParser, type Http2Request } from '../../wire/http2/request-head.ts'
import type { Wait } from '../listening/deadline-sweep.ts'
import { Linger } from '../listening/linger.ts'
import type { FrontConnection } from '../listening/open-connections.ts'
import { ActiveStream, type Http2Link } from './active-stream.ts'
import { FloodGuard, type Nuisance } from './flood-guard.ts'
import { FrameWatch } from './frame-watch.ts'
import type { Http2Context } from './http2-context.ts'
import { MOST_STREAMS, openSession } from './open-session.ts'
import { refuseStream, toRefusable } from './refusal.ts'
import { SessionWire } from './session-wire.ts'
import { isCrowded, isFull, type Waiting } from './waiting-bytes.ts'

const { NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR } = constants
const { NGHTTP2_REFUSED_STREAM } = constants
/** Longest time until the last streams of a client that is told to go have arrived. */
const LAST_STREAMS_MS = 1000
/** Time in which Node writes its last frames. */
const LAST_WORDS_MS = 20

const RST_STREAM = 3
/** Frames that cost a client nothing, by their types (RFC 9113, 6). */
const NUISANCES: Readonly<Record<number, Nuisance>> = { 2: 'priority', 4: 'settings', 6: 'ping' }

/** The connection of a client that speaks HTTP/2: its streams, until either side closes it. */
export class Http2Connection implements FrontConnection, Http2Link, Waiting {
  readonly context: Http2Context
  /** Bytes that wait in both directions. */
  bytes = 0
  clientEnded = false
  /** Why it was aborted by us. */
  reason: Error | undefined
  readonly #stream: ByteStream
  readonly #session: ServerHttp2Session
  readonly #watch: FrameWatch
  readonly #wire: SessionWire
  readonly #parser: Http2HeadParser
  readonly #streams = new Set<ActiveStream>()
  readonly #guard = new FloodGuard()
  /** Streams that are over, while someone still works for them. */
  #occupied = 0
  #requests = 0
  #activity = 0
  #progress = 0
  /** The client has said what it speaks. */
  #settled = false
  #leaving: 'no' | 'told' | 'last' = 'no'
  #lastTimer: NodeJS.Timeout | undefined
  #linger: Linger | undefined
  /** To be done when what the session has now is written. */
  readonly #afterWriting: (() => void)[] = []

  constructor(stream: ByteStream, context: Http2Context) {
    this.context = context
    this.#stream = stream
    this.#parser = new Http2HeadParser(context.limits)
    this.#watch = new FrameWatch((type, id) => this.#noteFrame(type, id))
    const wire = new SessionWire(stream, {
      mostStreams: MOST_STREAMS,
      onData: (chunk) => this.#noteReceived(chunk),
      onEnd: () => this.#noteEnd(),
      onWritten: () => this.#noteWritten(),
      onClosed: () => this.#endSocket(),
    })
    this.#wire = wire
    this.#session = openSession(wire, context.limits)
    context.waiting.open(this)
    stream.onClose((error) => this.#noteClose(error))
    this.#listen(this.#session)
  }

  get parts(): Iterable<ActiveStream> {
    return this.#streams
  }

  get facts(): ConnectionFacts {
    return this.#stream.facts
  }

  /** With requests it is not idle, even while they wait. */
  get wait(): Wait {
    if (this.#linger !== undefined) return 'none'
    if (this.#watch.withinFields) return 'header'
    if (this.#streams.size > 0) return 'none'
    return this.#settled ? 'idle' : 'header'
  }

  /** Other streams do not give a head more time. */
  get activity(): number {
    return this.wait === 'header' ? this.#watch.heads : this.#activity
  }

  get sending(): boolean {
    for (const stream of this.#streams) if (stream.sending) return true
    return false
  }

  get sent(): number {
    return this.#progress
  }

  get lost(): boolean {
    return this.#session.destroyed || this.#stream.closed
  }

  get crowded(): boolean {
    return isCrowded(this.bytes)
  }

  add(bytes: number): void {
    if (bytes < 0) this.#progress += 1
    this.bytes += bytes
    this.context.waiting.add(bytes)
  }

  occupy(): () => void {
    this.#occupied += 1
    let isOccupied = true
    return () => {
      if (isOccupied) this.#occupied -= 1
      isOccupied = false
    }
  }

  afterWriting(action: () => void): void {
    // The session writes what is new after this turn, and nothing before it has written what is old.
    setImmediate(() => {
      if (this.#wire.busy) this.#afterWriting.push(action)
      else action()
    })
  }

  expire(wait: Wait | 'send'): void {
    if (wait === 'send')
      this.destroy(new TaipanError('CLIENT_DISCONNECTED', 'the client does not read its responses'))
    else if (wait === 'header')
      this.destroy(new TaipanError('REQUEST_TIMEOUT', 'the header did not arrive in time'))
    else this.#leave()
  }

  closeWebSocket(): void {
    for (const stream of this.#streams) stream.closeWebSocket()
  }

  shutdown(): void {
    if (!this.#settled || this.#stream.closed) this.#stream.destroy()
    else this.#announceEnd()
    this.#linger?.hasten()
  }

  destroy(reason: Error): void {
    this.#abort(reason, NGHTTP2_NO_ERROR)
  }

  /** More waits than there is room for in the whole server, and most of it here. */
  giveUp(): void {
    this.#calm('the client lets too much wait')
  }

  onClosed(stream: ActiveStream, early: boolean): void {
    this.#streams.delete(stream)
    this.#activity += 1
    if (early) this.#note('reset')
    this.#closeIfLast()
  }

  #listen(session: ServerHttp2Session): void {
    session.on(
      'stream',
      (stream: ServerHttp2Stream, _: unknown, flags: number, lines: string[]) => {
        this.#accept(stream, flags, lines)
      },
    )
    session.on('error', (error) => this.#noteError(error))
    session.on('remoteSettings', () => {
      this.#settled = true
    })
    session.on('close', () => this.#noteClose(undefined))
  }

  #accept(stream: ServerHttp2Stream, flags: number, lines: readonly string[]): void {
    stream.on('error', ignore)
    if (this.reason !== undefined) return
    // Node tells of a stream after it has read all that had arrived, maybe its reset, too.
    if (stream.destroyed || stream.closed) {
      this.#note('reset')
      return
    }
    if (this.#isOverLimit) {
      stream.close(NGHTTP2_REFUSED_STREAM)
      this.#note('refused')
      return
    }
    this.#requests += 1
    const hasBody = (flags & NGHTTP2_FLAG_END_STREAM) === 0
    const request = this.#parse(stream, lines, hasBody)
    if (request !== undefined) this.#start(stream, request)
    const { requestsPerConnection } = this.context.limits
    if (requestsPerConnection > 0 && this.#requests >= requestsPerConnection) this.#leave()
  }

  get #isOverLimit(): boolean {
    const { requestsPerConnection } = this.context.limits
    if (requestsPerConnection > 0 && this.#requests >= requestsPerConnection) return true
    return this.#streams.size + this.#occupied >= MOST_STREAMS || isFull(this.bytes)
  }

  #parse(
    stream: ServerHttp2Stream,
    lines: readonly string[],
    hasBody: boolean,
  ): Http2Request | undefined {
    try {
      return this.#parser.parse(lines, hasBody)
    } catch (error) {
      refuseStream(stream, toRefusable(error), this.context)
      return undefined
    }
  }

  #start(stream: ServerHttp2Stream, request: Http2Request): void {
    const active = new ActiveStream(this, stream, request)
    this.#streams.add(active)
    this.#activity += 1
    active.start()
  }

  #noteReceived(chunk: Buffer): void {
    if (this.#linger === undefined) this.#watch.read(chunk)
    else this.#linger.noteReceived(chunk.length)
  }

  #noteFrame(type: number, id: number): void {
    if (type === RST_STREAM)
      for (const active of this.#streams) if (active.stream.id === id) active.noteReset()
    const nuisance = NUISANCES[type]
    if (nuisance !== undefined) this.#note(nuisance)
  }

  #note(nuisance: Nuisance): void {
    const complaint = this.#guard.note(nuisance)
    if (complaint !== undefined) this.#calm(complaint)
  }

  #calm(complaint: string): void {
    if (this.reason !== undefined) return
    const client = this.facts.remoteAddress
    this.context.refusals.note(
      { code: 'CLIENT_FLOODS', client },
      `connection refused: ${complaint}`,
    )
    this.#abort(new TaipanError('CLIENT_FLOODS', complaint), NGHTTP2_ENHANCE_YOUR_CALM)
  }

  #noteError(error: Error): void {
    if (error === this.reason) return
    const client = this.facts.remoteAddress
    this.context.refusals.note(
      { code: 'REQUEST_MALFORMED', client },
      `connection refused: ${error.message}`,
    )
  }

  /** Tells the client to go, in a way that what it has sent meanwhile is still answered. */
  #announceEnd(): void {
    if (this.#leaving !== 'no' || this.#session.destroyed) return
    this.#leaving = 'told'
    const leave = (): void => this.#leave()
    this.#wire.announceEnd()
    this.#lastTimer = setTimeout(leave, LAST_STREAMS_MS).unref()
    // What the client sends before its answer to the ping, it may have sent before it knew.
    this.#session.ping(leave)
  }

  /** Takes no further streams; closes when those that are open are over. */
  #leave(): void {
    if (this.#leaving === 'last') return
    this.#leaving = 'last'
    clearTimeout(this.#lastTimer)
    if (!this.#session.destroyed) this.#session.close()
    this.#closeIfLast()
  }

  #noteEnd(): void {
    this.clientEnded = true
    for (const stream of this.#streams) stream.noteClientEnd()
    this.#leave()
  }

  #noteWritten(): void {
    for (const action of this.#afterWriting.splice(0)) setImmediate(action)
    this.#closeIfLast()
  }

  get #isLast(): boolean {
    const session = this.#session
    return session.closed && !session.destroyed && this.#streams.size === 0 && !this.#wire.busy
  }

  /** Node does not end a session whose last bytes were on their way when its last stream closed. */
  #closeNow(): void {
    if (this.#isLast) this.#session.destroy()
  }

  #closeIfLast(): void {
    if (this.#isLast) setImmediate(() => setImmediate(() => this.#closeNow()))
  }

  #abort(reason: Error, code: number): void {
    this.reason ??= reason
    for (const stream of this.#streams) stream.abandon(reason)
    if (this.#session.destroyed || code === NGHTTP2_NO_ERROR) {
      this.#stream.destroy()
      return
    }
    this.#session.goaway(code)
    // Node writes later, and nothing any more once the session is destroyed.
    setTimeout(() => this.#session.destroy(reason, code), LAST_WORDS_MS).unref()
  }

  /** The session is over. A reset, because of what the client still sends, could overtake the GOAWAY. */
  #endSocket(): void {
    if (this.#linger !== undefined || this.#stream.closed) return
    this.#linger = new Linger(this.#stream)
    if (this.context.stopping) this.#linger.hasten()
  }

  #noteClose(error: Error | undefined): void {
    clearTimeout(this.#lastTimer)
    const cause = error === undefined ? undefined : { cause: error }
    const reason = new TaipanError('CLIENT_DISCONNECTED', 'the client closed the connection', cause)
    for (const stream of this.#streams) stream.abandon(this.reason ?? reason)
    this.context.waiting.close(this)
  }
}

function ignore(): void {}
