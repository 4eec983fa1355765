import { TaipanError } from '../../core/errors.ts'
import type { GatewayJob } from './gateway-job.ts'
import type { GatewayTimeouts } from './gateway-options.ts'

const SHORTEST_TICK_MS = 10
const LONGEST_TICK_MS = 500
/** A time limit is looked at so often while it passes. */
const LOOKS = 8

/** Calls `look` often enough for time limits, with one timer for all requests, which runs only while there are any. */
export class Ticker {
  readonly #tick: number
  readonly #look: () => boolean
  #timer: NodeJS.Timeout | undefined

  /** `limits` are in ms; 0 is none. `look` returns whether it has to be called again. */
  constructor(limits: readonly number[], look: () => boolean) {
    const shortest = Math.min(...limits.filter((limit) => limit > 0)) / LOOKS
    this.#tick = Math.max(SHORTEST_TICK_MS, Math.min(LONGEST_TICK_MS, shortest))
    this.#look = look
  }

  run(): void {
    this.#timer ??= setInterval(() => {
      if (!this.#look()) this.stop()
    }, this.#tick).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

/** A client that has finished sending may wait for its answer for so long; most have left. */
const HALF_CLOSED_MS = 250

/** Ends the exchange of a client that has left. */
export function forsake(job: GatewayJob, now: number): void {
  const { exchange } = job
  if (!exchange.clientEnded) return
  if (job.clientEndedAt === 0) job.clientEndedAt = now
  else if (now - job.clientEndedAt > HALF_CLOSED_MS)
    exchange.response.abort(new TaipanError('CLIENT_DISCONNECTED', 'the client has left'))
}

/** What a request takes too long for; undefined: it is in time. */
export function findOverdue(
  job: GatewayJob,
  { connect, firstByte, betweenBytes, request }: GatewayTimeouts,
  now: number,
): string | undefined {
  if (request > 0 && now - job.since > request) return `took longer than ${request} ms`
  if (job.held) job.movedAt = now
  const past = now - job.movedAt
  if (!job.connected)
    return connect > 0 && past > connect ? `took no connection within ${connect} ms` : undefined
  if (job.exchange.response.begun)
    return betweenBytes > 0 && past > betweenBytes
      ? `sent nothing more for ${betweenBytes} ms`
      : undefined
  return firstByte > 0 && past > firstByte ? `sent no answer within ${firstByte} ms` : undefined
}
