import { TaipanError } from '../../core/errors.ts'
import type { ConnectionFacts, RequestHead } from '../../core/exchange.ts'
import { NO_BODY } from '../../core/no-body.ts'
import { OwnExchange } from '../../core/own-exchange.ts'
import type { Attempt, AttemptEnd } from './address-client.ts'
import type { GatewayAddress } from './gateway-address.ts'
import { StatusSink } from './status-sink.ts'

/** How the addresses of a gateway are asked whether they can answer. */
export interface HealthCheckOptions {
  /** Path of the request, with its query. */
  readonly path: string
  /** Milliseconds between two requests to an address. */
  readonly interval: number
  /** Longest time for an answer, in ms. */
  readonly timeout: number
}

/** What a check needs. */
export interface HealthCheckParts extends HealthCheckOptions {
  readonly addresses: () => readonly GatewayAddress[]
  /** An address is healthy again, or is not: `problem` says why. */
  readonly onNews: (address: GatewayAddress, problem: string | undefined) => void
}

const NOWHERE: ConnectionFacts = {
  scheme: 'http',
  remoteAddress: '127.0.0.1',
  remotePort: '',
  localAddress: '127.0.0.1',
  localPort: '',
  localPath: '',
}

/** Asks all addresses regularly. One that does not answer with a status below 400 gets no requests while others do. */
export class HealthCheck {
  readonly #parts: HealthCheckParts
  readonly #asked = new Map<GatewayAddress, Attempt>()
  readonly #request: RequestHead
  #timer: NodeJS.Timeout | undefined

  constructor(parts: HealthCheckParts) {
    this.#parts = parts
    this.#request = createRequest(parts.path)
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#askAll(), this.#parts.interval).unref()
    this.#askAll()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    const reason = new TaipanError('STOPPING', 'the server is stopping')
    for (const attempt of this.#asked.values()) attempt.abort(reason)
  }

  #askAll(): void {
    for (const address of this.#parts.addresses())
      // One that is busy with requests answers them.
      if (address.hasRoom && !this.#asked.has(address)) this.#ask(address)
  }

  #ask(address: GatewayAddress): void {
    const { timeout } = this.#parts
    const response = new StatusSink()
    const exchange = new OwnExchange({
      id: 'health',
      request: this.#request,
      connection: NOWHERE,
      body: NO_BODY,
      response,
    })
    const { path } = this.#request
    const invocation = { application: address.name, scriptName: '', pathInfo: path }
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      attempt.abort(new TaipanError('UPSTREAM_TIMEOUT', 'its time is up'))
    }, timeout)
    address.begin()
    const attempt = address.client.send(
      { exchange, invocation, body: NO_BODY },
      {
        onConnected: () => {},
        onProgress: () => {},
        onEnd: (end) => {
          clearTimeout(timer)
          address.end()
          this.#asked.delete(address)
          const { status } = response
          exchange.finish({ status, bytes: 0, error: undefined })
          if (this.#timer === undefined) return
          this.#note(address, isLate ? `no answer within ${timeout} ms` : judge(end, status))
        },
      },
    )
    this.#asked.set(address, attempt)
  }

  #note(address: GatewayAddress, problem: string | undefined): void {
    const isHealthy = problem === undefined
    if (address.healthy === isHealthy) return
    address.healthy = isHealthy
    this.#parts.onNews(address, problem)
  }
}

/** What is wrong with an answer; undefined: nothing. */
function judge(end: AttemptEnd, status: number): string | undefined {
  if (end.kind === 'failed') return end.error.message
  return status >= 200 && status < 400 ? undefined : `status ${status}`
}

function createRequest(target: string): RequestHead {
  const [path = '', ...rest] = target.split('?')
  return {
    method: 'GET',
    target,
    path,
    query: rest.join('?'),
    version: '1.1',
    fields: ['Host', 'localhost', 'User-Agent', 'taipan-health'],
    host: 'localhost',
  }
}
