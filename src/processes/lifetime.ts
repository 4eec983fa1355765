import type { Cause } from './cause.ts'
import { readCpuTime } from './read-cpu-time.ts'
import { readMemory } from './read-memory.ts'

const LOOK_MS = 500

/** Limits at which another process takes the place of one; 0: none. Times in ms, sizes in bytes. */
export interface LifetimeLimits {
  readonly maximumRequests: number
  readonly maximumRequestsJitter: number
  readonly restartInterval: number
  readonly restartIntervalJitter: number
  readonly memoryLimit: { readonly soft?: number | undefined }
  /** Time of a processor; absent: the kernel watches that. */
  readonly watchedCpuTime?: number
}

/** What of a process its limits are compared with. */
export interface Aging {
  readonly pid: number
  /** `performance.now()` */
  readonly startedAt: number
  /** Requests that it has finished. */
  readonly served: number
}

/** How long one process may live. */
export class Lifetime {
  readonly #limits: LifetimeLimits
  readonly #requests: number
  readonly #age: number
  /** `performance.now()` when the system was asked about it. */
  #lookedAt = 0

  constructor(limits: LifetimeLimits) {
    this.#limits = limits
    const { requests, age } = chooseEnd(limits)
    this.#requests = requests
    this.#age = age
  }

  /** Why it has to be replaced after so many requests; undefined: it need not. */
  findWorn(served: number): Cause | undefined {
    return served < this.#requests ? undefined : describeWorn(served)
  }

  /** Why it has to be replaced for its age or for what the system tells of it. */
  findSpent(process: Aging, now: number): Cause | undefined {
    const age = now - process.startedAt
    if (age > this.#age) return describeOld(age)
    if (now - this.#lookedAt < LOOK_MS) return undefined
    this.#lookedAt = now
    return this.#findLarge(process) ?? this.#findBusy(process)
  }

  #findLarge({ pid, served }: Aging): Cause | undefined {
    const { soft = 0 } = this.#limits.memoryLimit
    if (soft === 0 || served === 0) return undefined
    const memory = readMemory(pid) ?? 0
    return memory > soft ? describeLarge(memory, soft) : undefined
  }

  #findBusy({ pid }: Aging): Cause | undefined {
    const { watchedCpuTime: limit = 0 } = this.#limits
    if (limit === 0) return undefined
    const used = readCpuTime(pid) ?? 0
    return used > limit ? describeBusy(used) : undefined
  }
}

/** The last request and the age in ms of one process, with their jitter; Infinity: no limit. */
export function chooseEnd(limits: Omit<LifetimeLimits, 'memoryLimit'>) {
  const { maximumRequests, maximumRequestsJitter, restartInterval, restartIntervalJitter } = limits
  return {
    requests: addJitter(maximumRequests, maximumRequestsJitter),
    age: addJitter(restartInterval, restartIntervalJitter),
  }
}

/** It has used a processor for so many ms. */
export function describeBusy(used: number): Cause {
  const seconds = Math.ceil(used / 1000)
  return { reason: 'cpu_time', text: `has used a processor for ${seconds} s (cpuTimeLimit)` }
}

function describeWorn(served: number): Cause {
  return {
    reason: 'maximum_requests',
    text: `has answered ${served} requests (maximumRequests)`,
    facts: { served },
  }
}

function describeOld(age: number): Cause {
  const seconds = Math.round(age / 1000)
  return {
    reason: 'restart_interval',
    text: `is ${seconds} s old (restartInterval)`,
    facts: { age: Math.round(age) },
  }
}

function describeLarge(memory: number, soft: number): Cause {
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
