import type { BenchServer, LaunchContext, Transport } from '../servers/server.ts'
import type { Workload } from '../workloads/workload.ts'
import { startCompanions, type CompanionResult } from './companions.ts'
import type { LoadResult } from './load-result.ts'
import { runLoad } from './load.ts'
import { startPerf } from './perf.ts'
import { readCpuTime, readMemory } from './process-tree.ts'
import type { Program } from './children.ts'
import { sendHttp2Request } from './http2-request.ts'
import { checkEcho, checkListens, sendRequest } from './request.ts'
import { findFreePort, startServer } from './running-server.ts'

/** One measurement of one server. */
export interface Round {
  readonly load: LoadResult
  /** CPU time of the server's process tree in microseconds. */
  readonly cpu: number
  /** Highest PSS of the tree during the measurement, in bytes. */
  readonly memory: number
  readonly companions: CompanionResult | undefined
}

/** What to measure, and for how long. */
export interface RoundPlan {
  readonly server: BenchServer
  readonly workload: Workload
  readonly seconds: number
  readonly context: Omit<
    LaunchContext,
    'port' | 'backendPort' | 'module' | 'interface' | 'transport'
  >
}

const WARM_UP_SECONDS = 1
const SAMPLE_INTERVAL = 250

/** Starts the server, checks its answer, warms it up, measures it, and stops it. */
export async function measureRound(plan: RoundPlan): Promise<Round> {
  const { server, workload, seconds } = plan
  const [port, backendPort] = [await findFreePort(), await findFreePort()]
  const { module, interface: kind, transport: wanted = 'http' } = workload
  const program = server.launch({
    ...plan.context,
    port,
    backendPort,
    module,
    interface: kind,
    transport: wanted,
  })
  const { transport = wanted } = program
  const url = `${transport === 'http' ? 'http' : 'https'}://127.0.0.1:${port}`
  const target = url + (program.path ?? workload.path)
  await using _backend = await startBackend(program.backend, backendPort)
  await using running = await startServer(program, () => checkAnswer(workload, target, transport))
  await using companions = await startCompanions(workload.companions, url)
  const load = {
    url: target,
    connections: workload.connections,
    streams: transport === 'http2' ? workload.streams : undefined,
    bodySize: workload.upload,
    message: workload.socket === true ? String(workload.expected) : undefined,
  }
  await runLoad({ ...load, seconds: WARM_UP_SECONDS })
  const finishCpu = await (server.forgetsChildren === true ? startPerf : startCpu)(running.pid)
  using memory = sampleMemory(running.pid)
  const result = await runLoad({ ...load, seconds })
  const cpu = await finishCpu()
  return {
    load: result,
    cpu,
    memory: memory.highest(),
    companions: await companions.finish(),
  }
}

async function startBackend(
  program: Program | undefined,
  port: number,
): Promise<AsyncDisposable | undefined> {
  return program && (await startServer(program, () => checkListens(port)))
}

function startCpu(pid: number) {
  const before = readCpuTime(pid)
  return () => readCpuTime(pid) - before
}

async function checkAnswer(workload: Workload, url: string, transport: Transport): Promise<void> {
  const { upload, expected } = workload
  if (workload.socket === true) return await checkEcho(url, String(expected))
  const body = upload > 0 ? Buffer.alloc(upload, 'x') : undefined
  const { status, size, beginning } = await (transport === 'http2'
    ? sendHttp2Request(url)
    : sendRequest(url, body))
  const right = typeof expected === 'number' ? size === expected : beginning.includes(expected)
  if (status !== 200 || !right)
    throw new Error(`answered ${status} with ${size} bytes: ${beginning.slice(0, 200)}`)
}

function sampleMemory(pid: number): Disposable & { readonly highest: () => number } {
  let highest = 0
  const sample = () => (highest = Math.max(highest, readMemory(pid)))
  const timer = setInterval(sample, SAMPLE_INTERVAL)
  return { highest: sample, [Symbol.dispose]: () => clearInterval(timer) }
}
