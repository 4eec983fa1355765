import {
  collectDefaultMetrics,
  Counter,
  Histogram,
  Registry,
  type MetricObjectWithValues,
  type MetricValue,
} from 'prom-client'

import type { Exchange, Outcome } from '../../core/exchange.ts'

/** What a process has measured, as it travels to the process that is asked. */
export type MeasuredMetrics = readonly MetricObjectWithValues<MetricValue<string>>[]

/** From half a millisecond to half a minute. */
const DURATIONS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
]

/** Others are one label, because clients invent them. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT'])
const OTHER_METHOD = 'other'
/** No response has begun. */
const ABORTED = 'aborted'
/** No route of the configuration matched. */
const NO_ROUTE = 'none'

const OF_REQUEST = ['route', 'app'] as const

/** Measures the requests of this process, and the process itself. */
export class ProcessMetrics {
  readonly #registry = new Registry()
  readonly #requests = new Counter({
    name: 'taipan_requests_total',
    help: 'Requests that are over, by status and by the route and application that answered.',
    labelNames: ['method', 'status', ...OF_REQUEST],
    registers: [this.#registry],
  })
  readonly #duration = new Histogram({
    name: 'taipan_request_duration_seconds',
    help: 'From the head of a request until its response is over.',
    labelNames: OF_REQUEST,
    buckets: DURATIONS,
    registers: [this.#registry],
  })
  readonly #queue = new Histogram({
    name: 'taipan_request_queue_seconds',
    help: 'From the head of a request until Python has it: the body that it waits for, and the queue.',
    labelNames: OF_REQUEST,
    buckets: DURATIONS,
    registers: [this.#registry],
  })
  readonly #python = new Histogram({
    name: 'taipan_request_python_seconds',
    help: 'From hand-over to Python until the application has answered.',
    labelNames: OF_REQUEST,
    buckets: DURATIONS,
    registers: [this.#registry],
  })
  readonly #received = new Counter({
    name: 'taipan_request_bytes_total',
    help: 'Bytes of request bodies whose length is known.',
    labelNames: OF_REQUEST,
    registers: [this.#registry],
  })
  readonly #sent = new Counter({
    name: 'taipan_response_bytes_total',
    help: 'Bytes of response bodies given to connections.',
    labelNames: OF_REQUEST,
    registers: [this.#registry],
  })

  constructor() {
    collectDefaultMetrics({ register: this.#registry })
  }

  /** Counts an exchange that is over. */
  observe(exchange: Exchange, outcome: Outcome): void {
    const { request, notes, body, startedAt } = exchange
    const labels = { route: notes.route || NO_ROUTE, app: notes.answeredBy }
    const status = outcome.status === 0 ? ABORTED : String(outcome.status)
    const method = METHODS.has(request.method) ? request.method : OTHER_METHOD
    this.#requests.inc({ ...labels, method, status })
    this.#duration.observe(labels, (performance.now() - startedAt) / 1000)
    if (notes.worker !== '') {
      this.#queue.observe(labels, notes.queued / 1000)
      this.#python.observe(labels, notes.python / 1000)
    }
    if (body.length !== undefined && body.length > 0) this.#received.inc(labels, body.length)
    if (outcome.bytes > 0) this.#sent.inc(labels, outcome.bytes)
  }

  /** What was measured so far. */
  async measure(): Promise<MeasuredMetrics> {
    return await this.#registry.getMetricsAsJSON()
  }
}
