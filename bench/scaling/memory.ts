import { setTimeout as sleep } from 'node:timers/promises'
import { listPythons, readPrivateMemory } from './private-memory.ts'
import { serve } from './served.ts'

const WORKERS = 4
/** Of each worker, about. */
const REQUESTS = 200

/** Private memory of the Python processes of a server, in bytes. */
export interface MemoryResult {
  readonly preload: boolean
  /** The process from which workers are forked; 0 without one. */
  readonly template: number
  /** Mean of the workers. */
  readonly worker: number
}

/** Measures workers of Django after requests to each. */
export async function measureMemory(
  python: string,
  environment: Readonly<Record<string, string>>,
  preload: boolean,
): Promise<MemoryResult> {
  const option = preload ? ['--preload'] : []
  const words = ['django_page.wsgi:application', '-p', String(WORKERS), '--python', python]
  await using server = await serve([...words, ...option], environment)
  await askAll(server.url)
  await sleep(1000)
  const sizes = listPythons(server.pid).map(readPrivateMemory)
  const template = preload ? (sizes.shift() ?? 0) : 0
  return { preload, template, worker: sizes.reduce((sum, size) => sum + size, 0) / sizes.length }
}

async function askAll(url: string): Promise<void> {
  const clients = Array.from({ length: WORKERS * 4 }, async () => {
    for (let asked = 0; asked < REQUESTS / 4; asked++) {
      const response = await fetch(url)
      if (!response.ok) throw new Error(`${url} answered ${response.status}`)
      await response.arrayBuffer()
    }
  })
  await Promise.all(clients)
}
