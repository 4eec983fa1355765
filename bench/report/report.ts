import type { Machine } from '../environment/machine.ts'
import type { Round } from '../measure/round.ts'

/** Medians of the rounds of one server. */
export interface Measurement {
  readonly requestsPerSecond: number
  /** Microseconds. */
  readonly p50: number
  /** Microseconds. */
  readonly p99: number
  /** CPU microseconds per request; undefined if there were no responses. */
  readonly cpu: number | undefined
  /** Bytes of PSS. */
  readonly memory: number
  /** Responses other than 2xx and 3xx, broken connections and timeouts of all rounds. */
  readonly errors: number
  /** Companion connections that the server kept open; undefined without such clients. */
  readonly held: number | undefined
  readonly rounds: readonly Round[]
}

/** A server in a workload. */
export interface Line {
  readonly server: string
  readonly title: string
  /** The measurement, or the reason why there is none. */
  readonly outcome: Measurement | string
}

/** Results of one workload. */
export interface Chapter {
  readonly workload: string
  readonly title: string
  /** Number of companion connections. */
  readonly companions: number | undefined
  readonly lines: readonly Line[]
}

/** All results of a run. */
export interface Report {
  readonly date: string
  readonly machine: Machine
  readonly python: string
  readonly settings: { readonly seconds: number; readonly rounds: number; readonly threads: number }
  /** Versions of the servers. */
  readonly versions: Readonly<Record<string, string>>
  readonly chapters: readonly Chapter[]
}

/** Medians of all rounds. */
export function summarizeRounds(rounds: readonly Round[]): Measurement {
  const costs = rounds
    .filter(({ load }) => load.requests > 0)
    .map(({ cpu, load }) => cpu / load.requests)
  const held = rounds.flatMap(({ companions }) => (companions ? [companions.held] : []))
  return {
    requestsPerSecond: median(rounds.map(({ load }) => load.requests / load.seconds)),
    p50: median(rounds.map(({ load }) => load.p50)),
    p99: median(rounds.map(({ load }) => load.p99)),
    cpu: costs.length > 0 ? median(costs) : undefined,
    memory: median(rounds.map(({ memory }) => memory)),
    errors: rounds.map(countErrors).reduce((sum, count) => sum + count, 0),
    held: held.length > 0 ? median(held) : undefined,
    rounds,
  }
}

/** CPU time of a server in a chapter, in microseconds per request. */
export function findCost(chapter: Chapter | undefined, server: string): number | undefined {
  const outcome = chapter?.lines.find((line) => line.server === server)?.outcome
  return typeof outcome === 'object' ? outcome.cpu : undefined
}

/** Throughput of a server in a chapter, in requests per second. */
export function findRate(chapter: Chapter | undefined, server: string): number | undefined {
  const outcome = chapter?.lines.find((line) => line.server === server)?.outcome
  return typeof outcome === 'object' ? outcome.requestsPerSecond : undefined
}

function countErrors({ load }: Round): number {
  return load.connect + load.read + load.write + load.status + load.timeout
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2
}
