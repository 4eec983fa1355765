import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runLoad } from '../measure/load.ts'
import { countDescriptors, readResidentMemory } from '../measure/process-tree.ts'
import { sendRequest } from '../measure/request.ts'
import { findFreePort, startServer } from '../measure/running-server.ts'
import type { Engine, SoakOptions } from './options.ts'
import { createSite, SOCKET_PATH } from './site.ts'
import { churnSockets } from './sockets.ts'

/** Result for one engine. */
export interface SoakResult {
  readonly engine: Engine
  readonly requests: number
  readonly seconds: number
  /** Wrong or missing responses. */
  readonly errors: number
  readonly sockets: number
  readonly failedSockets: number
  /** Bytes of the whole process tree. */
  readonly memory: {
    /** After the first requests. */
    readonly settled: number
    /** After all requests. */
    readonly end: number
    /** After the WebSockets. */
    readonly sockets: number
  }
  /** Open descriptors before and after the load. */
  readonly descriptors: { readonly start: number; readonly end: number }
}

const CONNECTIONS = 32
const LONGEST_ROUND = 10
const LEAVE_DEADLINE = 15_000
const SAMPLES = 24
const SCRIPT = join(import.meta.dirname, 'mixed.lua')

/** Soaks one engine. Rejects if the server does not start or stops answering. */
export async function soak(
  engine: Engine,
  { requests, settled, sockets }: SoakOptions,
  place: { readonly folder: string; readonly python: string },
): Promise<SoakResult> {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  await using server = await startServer(createSite({ engine, port, ...place }), () => check(url))
  const load = new Load(url)
  await load.run(1000)
  const start = await waitForDescriptors(server.pid, 0)
  const socketUrl = `ws://127.0.0.1:${port}${SOCKET_PATH}`
  await load.run(settled)
  const early = await readQuietMemory(server.pid)
  await load.run(requests)
  const end = await readQuietMemory(server.pid)
  const failedSockets = await churnSockets(socketUrl, sockets)
  const descriptors = { start, end: await waitForDescriptors(server.pid, start) }
  const memory = { settled: early, end, sockets: await readQuietMemory(server.pid) }
  const { requests: answered, seconds, errors } = load
  return {
    engine,
    requests: answered,
    seconds,
    errors,
    sockets,
    failedSockets,
    memory,
    descriptors,
  }
}

class Load {
  readonly #url: string
  requests = 0
  seconds = 0
  errors = 0

  constructor(url: string) {
    this.#url = url
  }

  /** Continues until that many requests were answered in total. */
  async run(requests: number): Promise<void> {
    while (this.requests < requests) {
      const result = await runLoad({
        url: this.#url,
        connections: CONNECTIONS,
        seconds: this.#estimate(requests - this.requests),
        bodySize: 0,
        script: SCRIPT,
      })
      if (result.requests === 0) throw new Error('the server does not answer any more')
      this.requests += result.requests
      this.seconds += result.seconds
      this.errors += result.connect + result.read + result.write + result.status + result.timeout
      process.stderr.write(`${this.requests.toLocaleString('en-US')} requests\n`)
    }
  }

  /** Estimated time for that many requests, in whole seconds. */
  #estimate(requests: number): number {
    const rate = this.requests / this.seconds
    return Math.min(LONGEST_ROUND, Math.max(1, Math.round(requests / rate) || 1))
  }
}

async function check(url: string): Promise<void> {
  const { status, beginning } = await sendRequest(`${url}/hello-asgi`, undefined)
  if (status !== 200) throw new Error(`answered ${status}: ${beginning}`)
}

/** The lowest of a few samples, to include the garbage collection of an idle server. */
async function readQuietMemory(pid: number): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    await sleep(500)
    lowest = Math.min(lowest, readResidentMemory(pid))
  }
  return lowest
}

/** Waits until idle connections are closed, at most for their timeout. */
async function waitForDescriptors(pid: number, wanted: number): Promise<number> {
  const deadline = Date.now() + (wanted === 0 ? 2000 : LEAVE_DEADLINE)
  let count = countDescriptors(pid)
  while (count > wanted && Date.now() < deadline) {
    await sleep(100)
    count = countDescriptors(pid)
  }
  return count
}
