import type { Readable } from 'node:stream'

import type { ErrorCode } from '../../core/errors.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import type { PendingRequest } from '../link/pending-request.ts'
import type { Failures } from '../link/failures.ts'
import type { HeldResponses } from '../link/held-responses.ts'
import type { SpentTimes } from '../link/spent-times.ts'
import type { RequestFacts } from '../link/request-facts.ts'
import type { Stream } from '../link/stream.ts'
import { StreamLink } from '../link/stream-link.ts'
import type { ThreadLinkContext } from '../link/thread-link.ts'
import { ThreadLink } from '../link/thread-link.ts'
import type { WorkerHost } from './host.ts'
import { WorkerCapacity } from './worker-capacity.ts'

const REQUEST_BUFFER_LIMIT = 32 * 1024 * 1024

/** Receives the events of the links of a worker. */
export interface LinksListener {
  readonly label: string
  /** It has been asked to stop. */
  readonly stopping: boolean
  /** A thread has finished a request of an application. */
  onThreadFree(link: ThreadLink, application: number): void
  /** The event loop has finished a request or a WebSocket of an application. */
  onLoopFree(application: number): void
  /** A request on the event loop takes too long, and is answered and cancelled. */
  onOverdue(stream: Stream): void
  /** A request was not read by the worker. */
  onUnread(request: PendingRequest): void
  /** It should get no more requests; `onLost` follows. */
  onSuspect(): void
  /** A socket is closed, and its requests were given up. */
  onLost(what: string, error: Error | undefined): void
  /** Asks a thread to return the requests that it has not begun. */
  recall(link: ThreadLink): void
  underPressure(): boolean
}

/** Parts of the links of a worker. */
export interface LinksOptions {
  readonly group: ProcessGroup
  readonly host: WorkerHost
  readonly held: HeldResponses
  readonly failures: Failures
  readonly times: SpentTimes
}

/** Connections for requests to a worker: one for each thread, and one to its event loop. */
export class WorkerLinks {
  readonly capacity: WorkerCapacity
  readonly #options: LinksOptions
  readonly #listener: LinksListener
  #idleWaiters: (() => void)[] = []
  #closed = false

  constructor(options: LinksOptions, listener: LinksListener) {
    this.#options = options
    this.#listener = listener
    const recall = (link: ThreadLink): void => listener.recall(link)
    this.capacity = new WorkerCapacity(this.#createThreads(), this.#createLoop(), recall)
  }

  /** Resolves when the worker has no request and no WebSocket, or has ended. */
  async drained(): Promise<void> {
    if (this.#closed || this.capacity.busy === 0) return
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve))
  }

  /** Takes back the requests that a thread returns, by serial number. */
  takeRecalled(thread: number, serials: readonly number[]): void {
    const link = this.capacity.links[thread]
    if (link !== undefined) this.#takeBack(link.takeRecalled(serials))
  }

  /** Answers all requests of threads with an error. */
  giveUpThreads(code: ErrorCode): void {
    for (const link of this.capacity.links) link.giveUpAll(code)
  }

  /** Resolves when no more frames will come; responses to slow clients are read completely. */
  async readRest(): Promise<void> {
    for (const link of this.capacity.links) link.drain()
    const open = this.#options.host.threads.filter((socket) => !socket.closed)
    await Promise.all([this.capacity.loop.ended, ...open.map((socket) => waitForClose(socket))])
  }

  /** The worker has ended. Returns its requests (a limited number of them) and their number. */
  close(): { readonly requests: readonly RequestFacts[]; readonly lost: number } {
    const { links, loop } = this.capacity
    const threads = links.map((link) => link.facts).filter((facts) => facts !== undefined)
    const left = { requests: [...threads, ...loop.facts], lost: threads.length + loop.active }
    this.#closed = true
    for (const link of links) {
      this.#giveUp(link, undefined)
      link.destroy()
    }
    if (!loop.lost) this.#giveUp(loop, undefined)
    loop.destroy()
    this.#wakeIdleWaiters()
    return left
  }

  #createThreads(): ThreadLink[] {
    const { host, held, failures, times } = this.#options
    const listener = this.#listener
    const context: ThreadLinkContext = {
      pid: host.pid,
      label: listener.label,
      requestBuffer: this.#requestBuffer,
      held,
      failures,
      times,
      onFree: (link, application) => {
        listener.onThreadFree(link, application)
        this.noteIdle()
      },
      onLost: (link, error) => this.#onLost(link, `the socket of thread ${link.index}`, error),
      underPressure: () => listener.underPressure(),
    }
    return host.threads.map((socket, index) => new ThreadLink(index, socket, context))
  }

  #createLoop(): StreamLink {
    const { host, group, failures, times } = this.#options
    const loop: StreamLink = new StreamLink(host.loop, {
      pid: host.pid,
      label: this.#listener.label,
      failures,
      times,
      requestBuffer: this.#requestBuffer,
      cancelOnDisconnect: group.cancelOnDisconnect,
      isAsgi: ({ application, invocation }) =>
        this.capacity.isAsgi(application, invocation.interface),
      onOverdue: (stream) => this.#listener.onOverdue(stream),
      onFree: (application) => {
        this.#listener.onLoopFree(application)
        this.noteIdle()
      },
      onLost: (error) => this.#onLost(loop, 'the socket of its event loop', error),
    })
    return loop
  }

  get #requestBuffer(): number {
    return Math.min(this.#options.group.buffers.request, REQUEST_BUFFER_LIMIT)
  }

  #onLost(link: ThreadLink | StreamLink, what: string, error: Error | undefined): void {
    this.#listener.onSuspect()
    this.#giveUp(link, error)
    this.#listener.onLost(what, error)
  }

  /** No more frames will come: returns requests that were not begun, and answers the others with an error. */
  #giveUp(link: ThreadLink | StreamLink, error: Error | undefined): void {
    this.#takeBack(link.takeBack(error))
    link.giveUpAll(this.#listener.stopping ? 'STOPPING' : 'WORKER_DIED')
    this.noteIdle()
  }

  /** Last one first, because each is put before waiting ones. */
  #takeBack(requests: readonly PendingRequest[]): void {
    for (const request of requests.toReversed()) this.#listener.onUnread(request)
  }

  /** Wakes those who wait for the end of its requests, if there are none. */
  noteIdle(): void {
    if (this.#idleWaiters.length > 0 && this.capacity.busy === 0) this.#wakeIdleWaiters()
  }

  #wakeIdleWaiters(): void {
    for (const wake of this.#idleWaiters.splice(0)) wake()
  }
}

/** Resolves when a stream is closed. */
export async function waitForClose(stream: Readable): Promise<void> {
  if (!stream.closed) await new Promise<void>((resolve) => stream.once('close', resolve))
}
