import type { Findings } from '../../core/backend.ts'
import type { Logger } from '../../core/logger.ts'
import type { RestartReason } from '../../core/restart-reason.ts'
import type { WorkerStacks } from '../../core/stacks.ts'
import type { Cause } from '../../processes/cause.ts'
import { LONGEST_TIMER_MS } from '../../core/ends-within.ts'
import { Lifetime } from '../../processes/lifetime.ts'
import type { Launch } from '../../processes/member.ts'
import type { ProcessEnd } from '../../processes/process-end.ts'
import type {
  ProcessExit,
  ProcessListener,
  ReportedExit,
} from '../../processes/supervised-process.ts'
import type { PendingRequest } from '../link/pending-request.ts'
import type { Failures } from '../link/failures.ts'
import type { SpentTimes } from '../link/spent-times.ts'
import type { HeldResponses } from '../link/held-responses.ts'
import type { RequestFacts } from '../link/request-facts.ts'
import type { Stream } from '../link/stream.ts'
import type { ThreadLink } from '../link/thread-link.ts'
import { describeChange } from './change.ts'
import { createConfigureMessage, type WorkerTask } from './configure.ts'
import type { MessageFromWorker } from './control-channel.ts'
import { ControlChannel } from './control-channel.ts'
import { DebuggerHold } from './debugger-hold.ts'
import { parseDue } from './due.ts'
import { selectThreads } from './dump.ts'
import { updateFindings } from './findings.ts'
import type { HostOrder, HostSource, WorkerHost } from './host.ts'
import type { LoadFailure } from './load-failure.ts'
import { InterruptedStacks } from './interrupted-stacks.ts'
import { LoadingProcess } from './loading-process.ts'
import { createInterrupt, describeStuck, reportInterrupted } from './overdue.ts'
import { StackQuestions } from './worker-stacks.ts'
import { waitForClose, WorkerLinks, type LinksListener } from './worker-links.ts'
import type { WorkerCapacity } from './worker-capacity.ts'

// A process that ends closes its sockets shortly before its end is reported.
const LOST_SOCKET_MS = 500

/** How a worker ended. */
export interface WorkerExit extends ReportedExit {
  /** Its unfinished requests, a limited number of them. */
  readonly requests: readonly RequestFacts[]
  /** Number of its unfinished requests. */
  readonly lost: number
}

/** Receives the events of a worker. */
export interface WorkerListener extends ProcessListener<Worker, WorkerExit> {
  /** A thread has finished a request of an application. */
  onFree(worker: Worker, link: ThreadLink, application: number): void
  /** Its event loop has finished a request or a WebSocket of an application. */
  onStreamFree(worker: Worker, application: number): void
  /** It has lost a socket and will probably end: it should get no more requests. */
  onSuspect(worker: Worker): void
  /** It has done what is to be done after the end of another worker. */
  onTold(pid: number): void
  /** A request was not read by the worker. */
  onReturned(request: PendingRequest): void
  underPressure(): boolean
  /** The service that it runs has come to its end, and so does the worker. */
  onFinished(worker: Worker): void
}

/** Parts of a worker. */
export interface WorkerOptions extends WorkerTask {
  readonly logger: Logger
  readonly source: HostSource
  readonly held: HeldResponses
  readonly failures: Failures
  readonly times: SpentTimes
  readonly listener: WorkerListener
}

/** Starts a worker and sends it its configuration. Rejects as the source does. */
export async function startWorker(
  options: WorkerOptions,
  order: HostOrder,
): Promise<Launch<Worker, LoadFailure>> {
  const host = await options.source.start(order)
  return 'failure' in host ? host : { member: new Worker(options, host) }
}

/** A worker of a group. */
export class Worker extends LoadingProcess implements LinksListener {
  /** Its application wants to know when another worker has ended. */
  mourns = false
  readonly #options: WorkerOptions
  readonly #host: WorkerHost
  readonly #control: ControlChannel
  readonly #listener: WorkerListener
  readonly #links: WorkerLinks
  readonly #lifetime: Lifetime
  readonly #stacks = new InterruptedStacks()
  readonly #hold = new DebuggerHold()
  #left: Pick<WorkerExit, 'requests' | 'lost'> = { requests: [], lost: 0 }
  readonly #stackQuestions = new StackQuestions()
  #pings = 0
  #told = false
  /** Its service has ended by itself. */
  #finished = false

  constructor(options: WorkerOptions, host: WorkerHost) {
    const { group, listener, logger, held, failures, times } = options
    super(host, group, { logger })
    this.#options = options
    this.#host = host
    this.#listener = listener
    this.#lifetime = new Lifetime(group)
    this.#control = new ControlChannel(host.control, {
      onMessage: (message) => this.take(message),
      onEnd: (error) => this.onLost('its control channel', error),
    })
    this.#links = new WorkerLinks({ group, host, held, failures, times }, this)
    this.#control.send(createConfigureMessage(options))
  }

  get host(): WorkerHost {
    return this.#host
  }

  get capacity(): WorkerCapacity {
    return this.#links.capacity
  }

  override get load(): number {
    return this.capacity.running
  }

  override get stacks(): string {
    return selectThreads(super.stacks)
  }

  /** Resolves when it has no requests and no WebSockets, or when it has ended. */
  async drained(): Promise<void> {
    await this.#links.drained()
  }

  /** It gets no more requests and will be asked to stop soon; closes its WebSockets. */
  retire(reason?: RestartReason): void {
    this.tellStopping(reason)
    this.capacity.loop.retire()
    for (const link of this.capacity.links) link.retire()
  }

  /** Somebody holds it in a debugger, or it has requests that were held. */
  get held(): boolean {
    return this.#hold.isHeld(this.capacity.busy > 0)
  }

  /** Its applications learn that it is about to end. */
  tellStopping(reason?: RestartReason): void {
    if (this.#told) return
    this.#told = true
    this.#control.send({ type: 'stopping', ...(reason && { reason }) })
  }

  /** What it does at the moment. */
  askStacks(): Promise<WorkerStacks> {
    const { links, loop } = this.capacity
    return this.#stackQuestions.ask({
      pid: this.pid,
      group: this.#options.group.name,
      requests: [...links.flatMap(({ placed }) => placed ?? []), ...loop.placed],
      send: (id, streams) => this.#control.send({ type: 'stacks', id, streams }),
    })
  }

  tellEnd(pid: number): void {
    this.#control.send({ type: 'childExit', pid })
  }

  ping(): void {
    this.#control.send({ type: 'ping', id: ++this.#pings })
  }

  /** Answers a request that takes too long, and raises RequestTimeout in its thread. */
  interrupt(link: ThreadLink): void {
    const { index: thread, application } = link
    const { facts } = link
    if (facts === undefined) return
    const name = this.#options.group.applications[application]?.name ?? ''
    this.#control.send(createInterrupt({ thread }, facts, name))
    link.interrupt('APPLICATION_TIMEOUT')
  }

  /** Asks for a successor when it is too old or too large. */
  lookAtLimits(now: number): void {
    const cause = this.#lifetime.findSpent(this, now)
    if (cause !== undefined) this.declareDue(cause)
  }

  /** Why it is replaced when a request does not end. */
  describeStuck(what: string, facts: RequestFacts): Cause {
    const stuck = { what, facts, stack: this.#stacks.find(facts.id) }
    return describeStuck(stuck, this.#options.group.limitNames)
  }

  /** A request that does not end is no reason to wait for this worker. */
  noteStuck(): void {
    this.#links.noteIdle()
  }

  recall(link: ThreadLink): void {
    link.startRecall()
    this.#control.send({ type: 'recall', thread: link.index })
  }

  onThreadFree(link: ThreadLink, application: number): void {
    this.#noteFinished()
    this.#listener.onFree(this, link, application)
  }

  onLoopFree(application: number): void {
    this.#noteFinished()
    this.#listener.onStreamFree(this, application)
  }

  onOverdue({ number: stream, facts, request }: Stream): void {
    this.#control.send(createInterrupt({ stream }, facts, request.invocation.application))
  }

  onUnread(request: PendingRequest): void {
    this.#listener.onReturned(request)
  }

  onSuspect(): void {
    this.#listener.onSuspect(this)
  }

  onLost(what: string, error: Error | undefined): void {
    if (this.ended || this.stopping) return
    const reason = error === undefined ? `closed ${what}` : `${error.message} on ${what}`
    setTimeout(() => {
      if (this.starting) this.failStart(reason)
      else this.declareUnhealthy({ reason: 'crash', text: reason })
    }, LOST_SOCKET_MS).unref()
  }

  underPressure(): boolean {
    return this.#listener.underPressure()
  }

  /** Gives up the remaining streams at once. */
  protected askToStop(patience: number): void {
    this.capacity.loop.giveUpAll('STOPPING')
    this.#control.send({ type: 'stop', patience: Math.min(patience, LONGEST_TIMER_MS) })
  }

  protected override isProper(end: ProcessEnd, asked: boolean): boolean {
    return super.isProper(end, asked || this.#finished)
  }

  protected beforeForce(): void {
    this.#links.giveUpThreads('STOPPING')
  }

  protected async readRest(): Promise<void> {
    const { outputs, control } = this.#host
    const streams = [control, ...outputs.map(({ stream }) => stream)]
    await Promise.all([this.#links.readRest(), ...streams.map((stream) => waitForClose(stream))])
  }

  protected release(): void {
    this.#left = this.#links.close()
    this.#control.destroy()
  }

  protected tellUnhealthy(cause: Cause): void {
    this.#listener.onUnhealthy(this, cause)
  }

  protected tellDue(cause: Cause): void {
    this.#listener.onDue(this, cause)
  }

  protected tellExit(exit: ProcessExit): void {
    // Output of requests that have finished does not explain its end.
    const lastOutput = this.log.lastOf(this.#left.requests)
    this.#listener.onExit(this, { ...exit, ...this.#left, lastOutput })
  }

  #noteFinished(): void {
    this.served++
    const cause = this.#lifetime.findWorn(this.served)
    if (cause !== undefined) this.declareDue(cause)
    this.log.noteFinished()
  }

  protected override noteLoaded({ applications }: Findings): void {
    this.capacity.interfaces = applications.map((found) => found.interface)
  }

  protected onOtherMessage(message: MessageFromWorker): void {
    switch (message.type) {
      case 'application':
        if (this.findings === undefined) return
        this.findings = updateFindings(this.findings, message)
        this.#listener.onFound(this)
        return
      case 'changed':
        this.#listener.onChanged(this, describeChange(message))
        return
      case 'hooks':
        this.mourns = true
        return
      case 'told':
        this.#listener.onTold(Number(message['pid']))
        return
      case 'interrupted':
        this.#stacks.take(message)
        this.#reportInterrupted(message)
        return
      case 'stacks':
        this.#stackQuestions.take(message)
        return
      case 'recalled':
        this.#takeRecalled(message)
        return
      default:
        this.#onTurn(message)
    }
  }

  /** It says that its life takes a turn. */
  #onTurn(message: MessageFromWorker): void {
    switch (message.type) {
      case 'due': {
        const cause = parseDue(message, this.#options.group)
        if (cause !== undefined) this.declareDue(cause)
        return
      }
      case 'finished':
        this.#finished = true
        this.#listener.onFinished(this)
        return
      case 'debugger':
        this.#noteDebugger(message['held'] === true)
        return
      default:
    }
  }

  #reportInterrupted(message: MessageFromWorker): void {
    const { logger, group } = this.#options
    const worker = this.label
    reportInterrupted(logger, { worker, limit: group.limitNames.request }, message)
  }

  #noteDebugger(held: boolean): void {
    this.#hold.note(held)
    if (!held) this.noteProgress()
  }

  #takeRecalled({ thread, requests }: MessageFromWorker): void {
    if (typeof thread !== 'number' || !Array.isArray(requests)) return
    this.#links.takeRecalled(
      thread,
      requests.filter((serial) => typeof serial === 'number'),
    )
  }
}
