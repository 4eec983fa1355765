import type { ProcessGroup } from '../../core/process-group.ts'
import type { Cause } from '../../processes/cause.ts'

type Limits = Pick<
  ProcessGroup,
  'maximumRequests' | 'maximumRequestsJitter' | 'restartInterval' | 'restartIntervalJitter'
>

/** How long one worker may live. */
export interface Lifetime {
  /** Requests; Infinity: no limit. */
  readonly requests: number
  /** Age in ms; Infinity: no limit. */
  readonly age: number
}

/** Chooses the limits of a worker, with their jitter. */
export function chooseLifetime({
  maximumRequests,
  maximumRequestsJitter,
  restartInterval,
  restartIntervalJitter,
}: Limits): Lifetime {
  return {
    requests: addJitter(maximumRequests, maximumRequestsJitter),
    age: addJitter(restartInterval, restartIntervalJitter),
  }
}

/** It has answered so many requests. */
export function describeWorn(served: number): Cause {
  return {
    reason: 'maximum_requests',
    text: `has answered ${served} requests (maximumRequests)`,
    facts: { served },
  }
}

/** It is so many ms old. */
export function describeOld(age: number): Cause {
  const seconds = Math.round(age / 1000)
  return {
    reason: 'restart_interval',
    text: `is ${seconds} s old (restartInterval)`,
    facts: { age: Math.round(age) },
  }
}

/** Its resident memory is `memory` bytes, above the limit of `soft`. */
export function describeLarge(memory: number, soft: number): Cause {
  return {
    reason: 'memory',
    text: `has ${formatMegabytes(memory)} of memory, more than ${formatMegabytes(soft)} (memoryLimit.soft)`,
    facts: { memory },
  }
}

function formatMegabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`
}

function addJitter(limit: number, jitter: number): number {
  return limit === 0 ? Infinity : limit + Math.round(Math.random() * jitter)
}
