import type {
  ConnectionFacts,
  Exchange,
  FrontServerFacts,
  Outcome,
  RequestBody,
} from '../../src/core/exchange.ts'
import type { FieldPairs } from '../../src/core/field-block.ts'
import type { ResponseHead } from '../../src/core/response-head.ts'

/** Parts of a request; the rest has defaults. */
export interface PlainRequest {
  readonly method?: string
  readonly target?: string
  readonly version?: '1.0' | '1.1'
  readonly fields?: FieldPairs
  readonly host?: string
  readonly connection?: Partial<ConnectionFacts>
  readonly body?: Partial<RequestBody>
  readonly frontServer?: FrontServerFacts
}

/** An exchange without a connection: its request has given values, its response is recorded. */
export interface PlainExchange extends Exchange {
  readonly answer: { head: ResponseHead | undefined; body: Buffer; outcome: Outcome | undefined }
  /** The client is slow: `write` returns false until `drain`. */
  slow: boolean
  /** The client catches up. */
  drain(): void
  /** Resolves when the exchange is over. */
  readonly over: Promise<Outcome>
  /** Ends the exchange as a disconnecting client does. */
  leave(): void
}

/** Makes an exchange from given values. */
export function createPlainExchange(request: PlainRequest = {}): PlainExchange {
  const { method = 'GET', target = '/', version = '1.1', fields = [], host = 'a.test' } = request
  const [path = '', ...rest] = target.split('?')
  const listeners: ((outcome: Outcome) => void)[] = []
  const answer: PlainExchange['answer'] = {
    head: undefined,
    body: Buffer.alloc(0),
    outcome: undefined,
  }
  let settle: (outcome: Outcome) => void = () => {}
  const over = new Promise<Outcome>((resolve) => {
    settle = resolve
  })
  const finish = (error: Error | undefined): void => {
    if (answer.outcome !== undefined) return
    const outcome = { status: answer.head?.status ?? 0, bytes: answer.body.length, error }
    answer.outcome = outcome
    for (const listener of listeners) listener(outcome)
    settle(outcome)
  }
  const response: Exchange['response'] = {
    get begun() {
      return answer.head !== undefined
    },
    get finished() {
      return answer.outcome !== undefined
    },
    pending: 0,
    onDrain: undefined,
    send(head, body) {
      this.begin(head)
      this.write(typeof body === 'string' ? Buffer.from(body, 'latin1') : body)
      this.end()
    },
    begin(head) {
      if (answer.outcome === undefined) answer.head = head
    },
    write(chunk) {
      if (answer.outcome === undefined) answer.body = Buffer.concat([answer.body, chunk])
      return !exchange.slow
    },
    inform: () => {},
    end: () => finish(undefined),
    abort: finish,
  }
  const exchange: PlainExchange = {
    id: 'request-1',
    startedAt: performance.now(),
    request: { method, target, path, query: rest.join('?'), version, fields, host },
    connection: {
      scheme: 'http',
      remoteAddress: '127.0.0.1',
      remotePort: '50000',
      localAddress: '127.0.0.1',
      localPort: '8000',
      localPath: '',
      ...request.connection,
    },
    body: {
      length: 0,
      complete: true,
      buffered: 0,
      error: undefined,
      expectsContinue: false,
      onProgress: undefined,
      request: () => {},
      take: () => undefined,
      ...request.body,
    },
    response,
    webSocket: undefined,
    notes: { answeredBy: '', route: '', worker: '', queued: 0, python: 0, user: '' },
    occupy: () => () => {},
    identity: undefined,
    frontServer: request.frontServer,
    clientEnded: false,
    onClientEnd: undefined,
    identify: () => {},
    onFinish(listener) {
      if (answer.outcome === undefined) listeners.push(listener)
      else listener(answer.outcome)
    },
    answer,
    slow: false,
    drain() {
      exchange.slow = false
      response.onDrain?.()
    },
    over,
    leave: () => finish(new Error('client left')),
  }
  return exchange
}
