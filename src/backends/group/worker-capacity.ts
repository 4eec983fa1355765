import type { Invocation } from '../../core/upstream.ts'
import type { PendingRequest } from '../link/pending-request.ts'
import type { StreamLink } from '../link/stream-link.ts'
import type { ThreadLink } from '../link/thread-link.ts'

// A thread that has not finished its request after this time may have a slow one.
const STUCK_MS = 2
const MOST_PIPELINED = 32
// For waiting requests; a small number keeps their order almost unchanged.
const MOST_PIPELINED_OF_QUEUE = 8

/** The threads and the event loop of a worker, as the scheduler sees them. */
export class WorkerCapacity {
  readonly links: readonly ThreadLink[]
  readonly loop: StreamLink
  /** Idle threads; the last one is the most recently used. */
  readonly idle: ThreadLink[]
  /** For applications that allow one request at a time: whether one is in this process. */
  readonly serving: boolean[] = []
  /** Detected interface of each application; empty until the worker is ready. */
  interfaces: readonly string[] = []
  usedAt = 0
  /** Whether the scheduler gives it requests. */
  open = false
  readonly #recall: (link: ThreadLink) => void
  #latest: ThreadLink | undefined
  #timer: NodeJS.Timeout | undefined

  /** `recall` asks a thread to return its pipelined requests. */
  constructor(links: readonly ThreadLink[], loop: StreamLink, recall: (link: ThreadLink) => void) {
    this.links = links
    this.loop = loop
    this.idle = links.toReversed()
    this.#recall = recall
  }

  /** Whether the application is called as ASGI: the request asks for it, or else it was detected. */
  isAsgi(application: number, called: Invocation['interface']): boolean {
    return (called ?? this.interfaces[application]) === 'asgi'
  }

  /** Whether the application runs on the event loop; without threads all do. */
  usesLoop(application: number, called: Invocation['interface']): boolean {
    return this.links.length === 0 || this.isAsgi(application, called)
  }

  /** Number of threads with a request that they can still finish, and streams of the event loop that can end. */
  get busy(): number {
    let busy = this.loop.lost ? 0 : this.loop.active - this.loop.stuck
    for (const link of this.links) if (link.busy && !link.lost && !link.stuck) busy++
    return busy
  }

  /** Requests of all threads. */
  get requests(): number {
    let requests = 0
    for (const link of this.links) if (link.busy && !link.lost) requests += 1 + link.pipelined
    return requests
  }

  /** Requests of all threads and of the event loop. */
  get running(): number {
    return this.requests + (this.loop.lost ? 0 : this.loop.active)
  }

  /** The thread that got the last request, if another one may be pipelined to it. */
  get latest(): ThreadLink | undefined {
    const link = this.#latest
    if (link === undefined || !this.takesPipelined(link)) return undefined
    return performance.now() - link.begunAt < STUCK_MS ? link : undefined
  }

  /** Whether another request may be pipelined to the thread. */
  takesPipelined(link: ThreadLink): boolean {
    return (
      link.busy &&
      !link.lost &&
      !link.isSocket &&
      !link.recalling &&
      link.pipelined < MOST_PIPELINED
    )
  }

  /** Whether a waiting request may be pipelined to the thread: only one thread gets those, so that order is kept. */
  takesQueued(link: ThreadLink): boolean {
    if (!this.takesPipelined(link) || link.pipelined >= MOST_PIPELINED_OF_QUEUE) return false
    return this.links.every((other) => other === link || other.pipelined === 0)
  }

  /** Gives a request to an idle thread. */
  serve(link: ThreadLink, request: PendingRequest): void {
    this.#latest = link
    link.serve(request)
  }

  /** Pipelines a request; recalls it if its turn does not come soon. */
  servePipelined(link: ThreadLink, request: PendingRequest): void {
    link.pipeline(request)
    if (this.#timer === undefined) this.#timer = setTimeout(this.#recallStuck, STUCK_MS)
  }

  readonly #recallStuck = (): void => {
    this.#timer = undefined
    const since = performance.now() - STUCK_MS
    let waiting = false
    for (const link of this.links) {
      if (link.pipelined === 0) continue
      waiting = true
      if (!link.recalling && link.begunAt < since) this.#recall(link)
    }
    if (waiting) this.#timer = setTimeout(this.#recallStuck, STUCK_MS)
  }
}
