import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'

import type { Findings } from '../../core/backend.ts'
import type { Logger } from '../../core/logger.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import { createConfigureMessage, type WorkerTask } from './configure.ts'
import type { MessageFromWorker } from './control-channel.ts'
import { ControlChannel, textOf } from './control-channel.ts'
import type { HeldResponses } from '../link/held-responses.ts'
import type { PendingRequest } from '../link/pending-request.ts'
import { parseFindings, updateFindings } from './findings.ts'
import { describeEnd } from '../../processes/describe-end.ts'
import { describeApplications, type LoadFailure } from './load-failure.ts'
import { endsWithin, LONGEST_TIMER_MS } from '../../processes/ends-within.ts'
import type { Force, StartHost, WorkerEnd, WorkerHost } from './host.ts'
import { STOP_ECHO_MS } from './host.ts'
import { createInterrupt, reportInterrupted } from './overdue.ts'
import type { RequestFacts } from '../link/request-facts.ts'
import type { ThreadLinkContext } from '../link/thread-link.ts'
import { StreamLink } from '../link/stream-link.ts'
import { ThreadLink } from '../link/thread-link.ts'
import { ProcessLog } from '../../processes/process-log.ts'
import { WorkerCapacity } from './worker-capacity.ts'

// A forked grandchild may hold the far ends open for ever; what the worker itself wrote is there at once.
const DRAIN_MS = 250
// A process that ends closes its sockets a little before its end is reported.
const LOST_SOCKET_MS = 500
const REQUEST_BUFFER_LIMIT = 32 * 1024 * 1024

/** How a worker ended. */
export interface WorkerExit extends WorkerEnd {
  /** Requests it had and had not finished: some of them, when there were many. */
  readonly requests: readonly RequestFacts[]
  /** How many there were. */
  readonly lost: number
  /** What it printed last, without what belongs to requests that it has finished. */
  readonly lastOutput: readonly string[]
  /** It never became ready, which is told by `loaded`, or was asked to end and did so, or was made to. */
  readonly expected: boolean
}

/** What a worker tells the one who keeps it. */
export interface WorkerListener {
  /** A thread has finished a request of an application. */
  onFree(worker: Worker, link: ThreadLink, application: number): void
  /** Its event loop has finished a request or a WebSocket of an application. */
  onStreamFree(worker: Worker, application: number): void
  /** It has lost a socket and is probably about to end: no more requests, please. */
  onSuspect(worker: Worker): void
  /** A request that it was handed and has not read. */
  onReturned(request: PendingRequest): void
  /** It must get no more requests, and be replaced; it still runs. */
  onUnfit(worker: Worker, reason: string): void
  /** An application can be served that could not be, or the other way round: see its findings. */
  onFound(worker: Worker): void
  /** Called once, after all it had sent was read. */
  onExit(worker: Worker, exit: WorkerExit): void
  underPressure(): boolean
}

/** What a worker is made of. */
export interface WorkerOptions extends WorkerTask {
  readonly logger: Logger
  readonly startHost: StartHost
  readonly held: HeldResponses
  readonly listener: WorkerListener
}

/** Starts a worker and tells it what to load. Rejects as its `startHost` does. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  return new Worker(options, await options.startHost(options.group))
}

/** One worker of a group. */
export class Worker {
  readonly pid: number
  /** `group/pid`. */
  readonly label: string
  readonly capacity: WorkerCapacity
  /** `performance.now()` */
  readonly startedAt = performance.now()
  /** Settles once: undefined when the applications are loaded, else why they are not. */
  readonly loaded: Promise<LoadFailure | undefined>
  readonly exited: Promise<void>
  /** When it was last heard of on its control channel. */
  heardAt = performance.now()
  /** Requests it has finished. */
  served = 0
  /** Undefined until it is ready. */
  findings: Findings | undefined
  readonly #group: ProcessGroup
  readonly #host: WorkerHost
  readonly #control: ControlChannel
  readonly #listener: WorkerListener
  readonly #logger: Logger
  readonly #log: ProcessLog
  /** Name of the application that is loaded now, as far as it is known. */
  #loading = ''
  #settleLoaded: (failure: LoadFailure | undefined) => void = () => {}
  #settleExited: () => void = () => {}
  #ready = false
  #stopping: Promise<Force> | undefined
  #aborted = false
  #forced = false
  #ended = false
  #unfit = false
  #pings = 0
  #idleWaiters: (() => void)[] = []

  constructor(options: WorkerOptions, host: WorkerHost) {
    const { group, listener, logger } = options
    this.#group = group
    this.#host = host
    this.#listener = listener
    this.#logger = logger
    this.pid = host.pid
    this.label = `${group.name}/${host.pid}`
    this.loaded = new Promise((resolve) => {
      this.#settleLoaded = resolve
    })
    this.exited = new Promise((resolve) => {
      this.#settleExited = resolve
    })
    this.#log = new ProcessLog(logger, this.label, host.outputs)
    this.#control = new ControlChannel(host.control, {
      onMessage: (message) => this.#onMessage(message),
      onEnd: (error) => this.#onLost('its control channel', error),
    })
    const links = this.#createLinks(host.threads, options.held)
    const loop = this.#createLoop()
    this.capacity = new WorkerCapacity(links, loop, (link) => this.#recall(link))
    void host.ended.then((end) => this.#onExit(end))
    this.#control.send(createConfigureMessage(options))
  }

  /** The applications are loaded and it has not been asked to end. */
  get ready(): boolean {
    return this.#ready && !this.#ended && this.#stopping === undefined
  }

  /** How many of its applications it does not serve. */
  get flaws(): number {
    return this.findings?.applications.filter(({ failure }) => failure !== '').length ?? 0
  }

  /** It still loads the applications. */
  get starting(): boolean {
    return !this.#ready && !this.#ended && this.#stopping === undefined
  }

  /** Resolves when it has no request and no WebSocket, or has ended. */
  async drained(): Promise<void> {
    if (this.#ended || this.capacity.busy === 0) return
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve))
  }

  /** It gets no more requests and is to end soon: its WebSockets are closed. */
  retire(): void {
    this.capacity.loop.retire()
  }

  /**
   * Ends the process: asks, waits `grace` ms, then uses force. What requests have left to threads may go on for `patience` of
   * them; streams that are left are given up at once.
   */
  stop(grace: number, patience = 0): Promise<Force> {
    if (this.#stopping === undefined) this.capacity.loop.giveUpAll('STOPPING')
    this.#stopping ??= this.#terminate(grace, patience)
    return this.#stopping
  }

  /** Ends its process at once, with what that has started. */
  kill(): void {
    this.#host.kill()
  }

  /** Ends a process that does not answer, with a dump of its stacks where faulthandler can give one. May be called often. */
  abort(): void {
    if (!this.#aborted) void this.#abort()
  }

  ping(): void {
    this.#control.send({ type: 'ping', id: ++this.#pings })
  }

  /** Answers a request that takes too long, and raises TimeoutError in its thread. */
  interrupt(link: ThreadLink): void {
    const { index: thread, requestId: id, application } = link
    const facts = link.facts ?? { id, method: '', path: '', age: 0 }
    const name = this.#group.applications[application]?.name ?? ''
    this.#control.send(createInterrupt({ thread }, facts, name))
    link.interrupt('APPLICATION_TIMEOUT')
  }

  /** Asks for the requests that were pipelined to a thread and that it has not begun; they come back by `onReturned`. */
  #recall(link: ThreadLink): void {
    link.startRecall()
    this.#control.send({ type: 'recall', thread: link.index })
  }

  /** Never became ready within its time: ends it and says so. */
  failStart(summary: string): void {
    this.#failSilently(summary)
    void this.stop(0)
  }

  /** Marks it as one that must be replaced, and tells its keeper, once. */
  declareUnfit(reason: string): void {
    if (this.#unfit || !this.ready) return
    this.#unfit = true
    this.#listener.onUnfit(this, reason)
  }

  async #terminate(grace: number, patience: number): Promise<Force> {
    try {
      return await this.#host.terminate({
        grace,
        askToStop: () =>
          this.#control.send({ type: 'stop', patience: Math.min(patience, LONGEST_TIMER_MS) }),
        beforeForce: () => {
          this.#forced = true
          this.#giveUpAll()
        },
        exited: this.exited,
      })
    } catch (error) {
      this.#reportLeft(error)
      return 'left'
    }
  }

  async #abort(): Promise<void> {
    this.#aborted = true
    this.#forced = true
    try {
      await this.#host.abort(this.exited)
    } catch (error) {
      this.#reportLeft(error)
    }
  }

  #reportLeft(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.#logger.error({ worker: this.label }, `worker ${this.label} could not be ended: ${reason}`)
  }

  #createLinks(sockets: readonly Socket[], held: HeldResponses): ThreadLink[] {
    const context: ThreadLinkContext = {
      pid: this.pid,
      label: this.label,
      requestBuffer: Math.min(this.#group.buffers.request, REQUEST_BUFFER_LIMIT),
      held,
      onFree: (link, application) => this.#onFree(link, application),
      onLost: (link, error) => {
        this.#listener.onSuspect(this)
        this.#giveUp(link, error)
        this.#onLost(`the socket of thread ${link.index}`, error)
      },
      underPressure: () => this.#listener.underPressure(),
    }
    return sockets.map((socket, index) => new ThreadLink(index, socket, context))
  }

  #createLoop(): StreamLink {
    const { buffers, cancelOnDisconnect } = this.#group
    return new StreamLink(this.#host.loop, {
      pid: this.pid,
      label: this.label,
      requestBuffer: Math.min(buffers.request, REQUEST_BUFFER_LIMIT),
      cancelOnDisconnect,
      isAsgi: ({ application, invocation }) =>
        this.capacity.isAsgi(application, invocation.interface),
      onOverdue: ({ number: stream, facts, request }) =>
        this.#control.send(createInterrupt({ stream }, facts, request.invocation.application)),
      onFree: (application) => {
        this.#noteFinished()
        this.#listener.onStreamFree(this, application)
        this.#noteIdle()
      },
      onLost: (error) => {
        this.#listener.onSuspect(this)
        this.#giveUpLoop(error)
        this.#onLost('the socket of its event loop', error)
      },
    })
  }

  #onFree(link: ThreadLink, application: number): void {
    this.#noteFinished()
    this.#listener.onFree(this, link, application)
    this.#noteIdle()
  }

  #noteFinished(): void {
    this.served++
    this.#log.noteFinished()
  }

  #noteIdle(): void {
    if (this.#idleWaiters.length > 0 && this.capacity.busy === 0) this.#wakeIdleWaiters()
  }

  #wakeIdleWaiters(): void {
    for (const wake of this.#idleWaiters.splice(0)) wake()
  }

  #onMessage(message: MessageFromWorker): void {
    this.heardAt = performance.now()
    switch (message.type) {
      case 'ready':
        this.#ready = true
        this.findings = parseFindings(message)
        this.capacity.interfaces = this.findings.applications.map((found) => found.interface)
        this.#settleLoaded(undefined)
        return
      case 'application':
        if (this.findings === undefined) return
        this.findings = updateFindings(this.findings, message)
        this.#listener.onFound(this)
        return
      case 'loading':
        this.#loading = textOf(message, 'application')
        return
      case 'failed':
        this.#failLoading({
          application: textOf(message, 'application') || undefined,
          summary: textOf(message, 'summary', 'unknown reason'),
          traceback: textOf(message, 'traceback'),
        })
        return
      case 'interrupted':
        reportInterrupted(this.#logger, this.label, message)
        return
      case 'log':
        this.#log.takeMessage(message)
        return
      case 'recalled':
        this.#takeRecalled(message)
        return
      case 'leaving':
        this.#leave(textOf(message, 'reason', 'was asked to end from outside'))
        return
      default:
    }
  }

  #leave(reason: string): void {
    setTimeout(() => this.declareUnfit(reason), STOP_ECHO_MS).unref()
  }

  #takeRecalled(message: MessageFromWorker): void {
    const { thread, requests } = message
    const link = typeof thread === 'number' ? this.capacity.links[thread] : undefined
    if (link === undefined || !Array.isArray(requests)) return
    const serials = requests.filter((serial) => typeof serial === 'number')
    // The last one first: each goes before those that wait.
    for (const request of link.takeRecalled(serials).toReversed())
      this.#listener.onReturned(request)
  }

  /** Nothing more comes from the thread: others take what it has not begun, the rest is lost. */
  #giveUp(link: ThreadLink, error: Error | undefined): void {
    // The last one first: each goes before those that wait.
    for (const request of link.takeBack(error).toReversed()) this.#listener.onReturned(request)
    link.giveUpAll(this.#stopping === undefined ? 'WORKER_DIED' : 'STOPPING')
    this.#noteIdle()
  }

  #giveUpLoop(error: Error | undefined): void {
    const { loop } = this.capacity
    for (const request of loop.takeBack(error).toReversed()) this.#listener.onReturned(request)
    loop.giveUpAll(this.#stopping === undefined ? 'WORKER_DIED' : 'STOPPING')
    this.#noteIdle()
  }

  #giveUpAll(): void {
    for (const link of this.capacity.links) link.giveUpAll('STOPPING')
  }

  /** It did not become ready and did not say why. */
  #failSilently(summary: string): void {
    const { applications } = this.#group
    const loading = applications.filter(({ name }) => name === this.#loading)
    const subject = describeApplications(loading.length > 0 ? loading : applications)
    const traceback = this.#log.last.join('\n')
    this.#failLoading({ application: undefined, subject, summary, traceback })
  }

  #failLoading(failure: Omit<LoadFailure, 'code'>): void {
    this.#settleLoaded({ code: 'APPLICATION_LOAD', ...failure })
  }

  #onLost(what: string, error: Error | undefined): void {
    if (this.#ended || this.#stopping !== undefined) return
    const reason = error === undefined ? `closed ${what}` : `${error.message} on ${what}`
    setTimeout(() => {
      if (this.#ready) this.declareUnfit(reason)
      else if (!this.#ended) this.failStart(reason)
    }, LOST_SOCKET_MS).unref()
  }

  async #onExit(end: WorkerEnd): Promise<void> {
    await this.#drainDescriptors()
    const { links, loop } = this.capacity
    const threads = links.map((link) => link.facts).filter((facts) => facts !== undefined)
    const requests = [...threads, ...loop.facts]
    const lost = threads.length + loop.active
    this.#ended = true
    for (const link of this.capacity.links) {
      this.#giveUp(link, undefined)
      link.destroy()
    }
    if (!loop.lost) this.#giveUpLoop(undefined)
    loop.destroy()
    this.#control.destroy()
    for (const { stream } of this.#host.outputs) stream.destroy()
    this.#log.flush()
    this.#failSilently(`the worker ended with ${describeEnd(end)} before it was ready`)
    this.#wakeIdleWaiters()
    this.#settleExited()
    const lastOutput = this.#log.lastOf(requests)
    this.#listener.onExit(this, {
      ...end,
      requests,
      lost,
      lastOutput,
      expected: this.#isExpected(end),
    })
  }

  #isExpected({ code, signal }: WorkerEnd): boolean {
    if (!this.#ready || this.#forced) return true
    return this.#stopping !== undefined && signal === null && (code === null || code === 0)
  }

  async #drainDescriptors(): Promise<void> {
    const { outputs, control, threads } = this.#host
    for (const link of this.capacity.links) link.drain()
    const open = [...outputs.map(({ stream }) => stream), control, ...threads].filter(
      (stream) => !stream.closed,
    )
    const ends = [this.capacity.loop.ended, ...open.map((stream) => closed(stream))]
    await endsWithin(Promise.all(ends), DRAIN_MS)
  }
}

async function closed(stream: Readable): Promise<void> {
  await new Promise<void>((resolve) => stream.once('close', resolve))
}
