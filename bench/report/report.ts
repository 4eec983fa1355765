import type { Machine } from '../environment/machine.ts'
import type { Round } from '../measure/round.ts'

/** Medians of the rounds of one server. */
export interface Measurement {
  readonly requestsPerSecond: number
  /** Microseconds. */
  readonly p50: number
  /** Microseconds. */
  readonly p99: number
  /** CPU microseconds for each request; undefined when none was answered. */
  readonly cpu: number | undefined
  /** Bytes of PSS. */
  readonly memory: number
  /** Answers other than 2xx and 3xx, broken connections and timeouts of all rounds. */
  readonly errors: number
  /** Connections beside the measured ones that the server kept, and how many there were to be. */
  readonly held: number | undefined
  readonly rounds: readonly Round[]
}

/** A server's line in a workload. */
export interface Line {
  readonly server: string
  readonly title: string
  /** What was measured, or why not. */
  readonly outcome: Measurement | string
}

/** The lines of one workload. */
export interface Chapter {
  readonly workload: string
  readonly title: string
  /** How many connections stood beside the measured ones. */
  readonly companions: number | undefined
  readonly lines: readonly Line[]
}

/** All that a run found out. */
export interface Report {
  readonly date: string
  readonly machine: Machine
  readonly python: string
  readonly settings: { readonly seconds: number; readonly rounds: number; readonly threads: number }
  /** Servers of the table to their versions. */
  readonly versions: Readonly<Record<string, string>>
  readonly chapters: readonly Chapter[]
}

/** Medians of what the rounds measured. */
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

/** The measured CPU cost of a server in a chapter, in microseconds a request. */
export function findCost(chapter: Chapter | undefined, server: string): number | undefined {
  const outcome = chapter?.lines.find((line) => line.server === server)?.outcome
  return typeof outcome === 'object' ? outcome.cpu : undefined
}

/** The measured throughput of a server in a chapter, in requests a second. */
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
