import type { Exchange, Handler, Outcome } from '../core/exchange.ts'
import type { Logger } from '../core/logger.ts'
import type { AccessFormat } from './access-directives.ts'

const TARGET_CHARACTERS = 2048

/** Gets each exchange when it is over. */
export type AccessLog = (exchange: Exchange, outcome: Outcome) => void

/** Logs each exchange when it is over. */
export function withAccessLog(handler: Handler, accessLog: AccessLog): Handler {
  return (exchange) => {
    exchange.onFinish((outcome) => accessLog(exchange, outcome))
    handler(exchange)
  }
}

/** Logs one record for each exchange. */
export function createRecordLog(logger: Logger): AccessLog {
  return (exchange, outcome) => logger.info(describeExchange(exchange, outcome), 'request')
}

/** Writes one line for each exchange. */
export function createLineLog(format: AccessFormat, write: (line: string) => void): AccessLog {
  return (exchange, outcome) => write(`${format(exchange, outcome)}\n`)
}

/** Fields of an access log record. Durations in ms, rounded to microseconds. */
export interface AccessRecord {
  readonly [name: string]: unknown
  readonly request: string
  readonly remote: string
  readonly method: string
  readonly target: string
  readonly version: string
  /** 0 when no response began. */
  readonly status: number
  readonly bytes: number
  readonly duration: number
  readonly queued: number
  readonly python: number
  readonly application: string
  readonly worker: string
  /** Absent where nobody asked for it. */
  readonly user?: string
  readonly error?: string
}

function describeExchange(exchange: Exchange, outcome: Outcome): AccessRecord {
  const { request, notes } = exchange
  const record = {
    request: exchange.id,
    remote: exchange.connection.remoteAddress,
    method: request.method,
    target: shorten(request.target),
    version: request.version,
    status: outcome.status,
    bytes: outcome.bytes,
    duration: roundToMicroseconds(performance.now() - exchange.startedAt),
    queued: roundToMicroseconds(notes.queued),
    python: roundToMicroseconds(notes.python),
    application: notes.answeredBy,
    worker: notes.worker,
    ...(notes.user !== '' && { user: notes.user }),
  }
  return outcome.error === undefined ? record : { ...record, error: outcome.error.message }
}

function shorten(target: string): string {
  return target.length <= TARGET_CHARACTERS ? target : `${target.slice(0, TARGET_CHARACTERS)}...`
}

function roundToMicroseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000
}
