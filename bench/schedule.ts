import { formatDistribution, type PythonEnvironment } from './environment/python.ts'
import type { Scratch } from './environment/scratch.ts'
import { measureRound, type Round, type RoundPlan } from './measure/round.ts'
import type { BenchOptions } from './options.ts'
import { summarizeRounds, type Chapter, type Line } from './report/report.ts'
import { SERVERS } from './servers/index.ts'
import { Unavailable, type BenchServer } from './servers/server.ts'
import { WORKLOADS } from './workloads/index.ts'
import type { Workload } from './workloads/workload.ts'

/** The folders in absolute paths, which do not follow the name of a host or a version. */
const FOLDERS = /(?<![\w.:/])\/(?:[^\s/'":()]+\/)*(?=[^\s/'":()])/g

/** Measures the chosen servers, each once per round, so that a disturbance does not affect only one of them. */
export async function measureAll(
  options: BenchOptions,
  python: PythonEnvironment,
  { folder, environment }: Scratch,
): Promise<readonly Chapter[]> {
  const context = { threads: options.threads, bin: python.bin, scratch: folder, environment }
  const chapters: Chapter[] = []
  for (const workload of WORKLOADS.filter(({ name }) => options.workloads.includes(name))) {
    const plans = listServers(options, workload).map((server) => ({
      server,
      workload,
      seconds: options.seconds,
      context,
    }))
    chapters.push({
      workload: workload.name,
      title: workload.title,
      companions: workload.companions?.count,
      lines: await measureChapter(plans, options.rounds, python),
    })
  }
  return chapters
}

/** Versions of the chosen servers that are Python packages. */
export function readVersions(
  python: PythonEnvironment,
  chosen: readonly string[],
): Readonly<Record<string, string>> {
  const versions: Record<string, string> = {}
  for (const { name, distribution } of SERVERS) {
    if (distribution === undefined || !chosen.includes(name)) continue
    versions[distribution] = python.installed[formatDistribution(distribution)] ?? 'not installed'
  }
  return versions
}

function listServers(options: BenchOptions, workload: Workload): readonly BenchServer[] {
  return SERVERS.filter((server) => options.servers.includes(server.name) && fits(server, workload))
}

function fits(server: BenchServer, workload: Workload): boolean {
  if (!(server.transports ?? ['http']).includes(workload.transport ?? 'http')) return false
  if (server.answersHelloOnly === true)
    return /^hello(_asgi)?$/.test(workload.module) && workload.interface !== 'behind-nginx'
  if (workload.socket === true && server.sockets === false) return false
  return (server.interfaces ?? ['wsgi']).includes(workload.interface)
}

async function measureChapter(
  plans: readonly RoundPlan[],
  rounds: number,
  python: PythonEnvironment,
): Promise<readonly Line[]> {
  const measured = new Map<RoundPlan, Round[]>(plans.map((plan) => [plan, []]))
  const failures = new Map<RoundPlan, string>()
  for (let round = 1; round <= rounds; round += 1) {
    for (const plan of plans) {
      if (failures.has(plan)) continue
      process.stderr.write(`${plan.workload.name}, round ${round}: ${plan.server.name}\n`)
      try {
        requireInstalled(plan.server, python)
        measured.get(plan)?.push(await measureRound(plan))
      } catch (error) {
        failures.set(plan, describeFailure(error))
      }
    }
  }
  return plans.map((plan) => ({
    server: plan.server.name,
    title: plan.server.title,
    outcome: failures.get(plan) ?? summarizeRounds(measured.get(plan) ?? []),
  }))
}

/** Without the folders of this machine, which say nothing to readers of the report. */
function describeFailure(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replaceAll(FOLDERS, '')
}

function requireInstalled({ distribution }: BenchServer, python: PythonEnvironment): void {
  if (distribution === undefined) return
  const failure = python.failed[formatDistribution(distribution)]
  if (failure !== undefined) throw new Unavailable(`could not be installed: ${failure}`)
}
