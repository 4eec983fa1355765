import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { APPLICATIONS } from '../environment/paths.ts'
import { listPythons } from './private-memory.ts'
import { serve } from './served.ts'

const SAMPLE_MS = 250
export const RANGE = { min: 0, max: 6, idle: '3s' }
/** Clients at a time, and for how many seconds; each waits for its answer and asks again. */
const STEPS = [
  [0, 4],
  [1, 4],
  [16, 10],
  [2, 10],
  [0, 5],
] as const

/** The state of a server at one moment. */
export interface Sample {
  /** Seconds since the begin. */
  readonly at: number
  readonly clients: number
  readonly workers: number
  /** Median time of the answers since the sample before, in ms; undefined without answers. */
  readonly latency: number | undefined
}

/** Watches a group that is scaled while the number of its clients changes in steps. */
export async function measureStepLoad(python: string, folder: string): Promise<readonly Sample[]> {
  const file = join(folder, 'scaled.config.json')
  const app = join(APPLICATIONS, 'busy.py')
  writeFileSync(file, JSON.stringify({ app, python, threads: 2, processes: RANGE }))
  await using server = await serve(['--config', file], {})
  const samples: Sample[] = []
  const begun = performance.now()
  let clients = 0
  let times: number[] = []
  const timer = setInterval(() => {
    const at = (performance.now() - begun) / 1000
    const workers = listPythons(server.pid).length
    samples.push({ at, clients, workers, latency: findMedian(times) })
    times = []
  }, SAMPLE_MS)
  for (const [wanted, seconds] of STEPS) {
    clients = wanted
    const end = performance.now() + seconds * 1000
    const loops = Array.from({ length: wanted }, async () => {
      while (performance.now() < end) times.push(await ask(server.url))
    })
    await Promise.all([...loops, sleep(seconds * 1000)])
  }
  clearInterval(timer)
  return samples
}

async function ask(url: string): Promise<number> {
  const begun = performance.now()
  const response = await fetch(url)
  await response.arrayBuffer()
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return performance.now() - begun
}

function findMedian(times: readonly number[]): number | undefined {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)]
}
