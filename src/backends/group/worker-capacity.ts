import type { Invocation } from '../../core/upstream.ts'
import type { PendingRequest } from '../link/pending-request.ts'
import type { StreamLink } from '../link/stream-link.ts'
import type { ThreadLink } from '../link/thread-link.ts'

// A thread that has not finished a request by then may have one that takes long.
const STUCK_MS = 2
const MOST_PIPELINED = 32
// Of those that wait in the queue, so that their order is kept but for a few places.
const MOST_PIPELINED_OF_QUEUE = 8

/** The threads and the event loop of one worker, as the scheduler sees them. */
export class WorkerCapacity {
  readonly links: readonly ThreadLink[]
  readonly loop: StreamLink
  /** The last one is the most recently used. */
  readonly idle: ThreadLink[]
  /** For each application, whether one of its requests is in this process; counted for those that allow only one. */
  readonly serving: boolean[] = []
  /** What the worker found each application to be; empty until it is ready. */
  interfaces: readonly string[] = []
  usedAt = 0
  /** The scheduler gives it requests. */
  open = false
  readonly #recall: (link: ThreadLink) => void
  #latest: ThreadLink | undefined
  #timer: NodeJS.Timeout | undefined

  /** `recall` asks a thread for the requests that were pipelined to it. */
  constructor(links: readonly ThreadLink[], loop: StreamLink, recall: (link: ThreadLink) => void) {
    this.links = links
    this.loop = loop
    this.idle = links.toReversed()
    this.#recall = recall
  }

  /** The application is called as ASGI says: when the request asks for that, or for nothing and it was found to be so. */
  isAsgi(application: number, called: Invocation['interface']): boolean {
    return (called ?? this.interfaces[application]) === 'asgi'
  }

  /** The application runs on the event loop: without threads all do. */
  usesLoop(application: number, called: Invocation['interface']): boolean {
    return this.links.length === 0 || this.isAsgi(application, called)
  }

  /** Threads that have a request and can still finish it, and streams of the event loop. */
  get busy(): number {
    let busy = this.loop.lost ? 0 : this.loop.active
    for (const link of this.links) if (link.busy && !link.lost) busy++
    return busy
  }

  /** Requests that threads have. */
  get requests(): number {
    let requests = 0
    for (const link of this.links) if (link.busy && !link.lost) requests += 1 + link.pipelined
    return requests
  }

  /** Requests that threads and the event loop have. */
  get running(): number {
    return this.requests + (this.loop.lost ? 0 : this.loop.active)
  }

  /** The thread that got the last request, when it may be sent another one behind it. */
  get latest(): ThreadLink | undefined {
    const link = this.#latest
    if (link === undefined || !this.takesPipelined(link)) return undefined
    return performance.now() - link.begunAt < STUCK_MS ? link : undefined
  }

  /** There is room for one more pipelined request. */
  takesPipelined(link: ThreadLink): boolean {
    return link.busy && !link.lost && !link.recalling && link.pipelined < MOST_PIPELINED
  }

  /** There is room for one that waits in the queue: only one thread has so many that others may overtake it. */
  takesQueued(link: ThreadLink): boolean {
    if (!this.takesPipelined(link) || link.pipelined >= MOST_PIPELINED_OF_QUEUE) return false
    return this.links.every((other) => other === link || other.pipelined === 0)
  }

  /** Hands a request to an idle thread. */
  serve(link: ThreadLink, request: PendingRequest): void {
    this.#latest = link
    link.serve(request)
  }

  /** Pipelines a request, and takes it back if its turn does not come soon. */
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
