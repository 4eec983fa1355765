import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client'

import type { GroupStatus, ProgramStatus, ServerStatus } from '../../core/group-status.ts'
import type { WorkerState } from '../../core/process-status.ts'
import type { MeasuredMetrics } from './process-metrics.ts'

const STATES: readonly WorkerState[] = ['starting', 'standby', 'ready', 'retiring', 'stopping']

/** The text that Prometheus reads: what the processes of a server have measured, and how it is at the moment. */
export async function formatMetrics(
  measured: readonly MeasuredMetrics[],
  status: ServerStatus,
): Promise<string> {
  const all = AggregatorRegistry.aggregate(measured.map((one) => [...one]))
  const now = new Registry()
  describeServer(now, status)
  for (const part of [...status.groups, ...status.programs]) describeProcesses(now, part)
  return `${await all.metrics()}\n${await now.metrics()}`
}

/** The Content-Type of that text. */
export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

function describeServer(registry: Registry, { version, uptime }: ServerStatus): void {
  const set = createSetter(registry)
  set('taipan_info', 'What runs; always 1.', { version }, 1)
  set('taipan_uptime_seconds', 'Since the start of the server.', {}, uptime / 1000)
}

function describeProcesses(registry: Registry, status: GroupStatus | ProgramStatus): void {
  const set = createSetter(registry)
  const group = status.name
  const { workers, restarts, requests, wanted, lastReload } = status
  for (const state of STATES) {
    const count = workers.filter((worker) => worker.state === state).length
    set('taipan_workers', 'Processes of a group, by what they do.', { group, state }, count)
  }
  set('taipan_workers_wanted', 'Processes that a group should have.', { group }, wanted)
  const memory = workers.reduce((sum, worker) => sum + (worker.memory ?? 0), 0)
  set(
    'taipan_workers_memory_bytes',
    'Resident memory of the processes of a group.',
    { group },
    memory,
  )
  for (const [reason, count] of Object.entries(restarts)) {
    const help = 'Processes of a group that were replaced, by reason.'
    set('taipan_worker_restarts_total', help, { group, reason }, count)
  }
  set('taipan_requests_running', 'Requests that a group works on.', { group }, requests.running)
  set(
    'taipan_queue_length',
    'Requests that wait in the queue of a group.',
    { group },
    requests.waiting,
  )
  set(
    'taipan_requests_refused_total',
    'Requests that a group has refused or failed.',
    { group },
    requests.failed,
  )
  if (lastReload === undefined) return
  const succeeded = lastReload.succeeded ? 1 : 0
  set(
    'taipan_reload_succeeded',
    'Whether the last reload of a group has loaded its code.',
    { group },
    succeeded,
  )
  set(
    'taipan_reload_timestamp_seconds',
    'When the last reload of a group was over.',
    { group },
    lastReload.at / 1000,
  )
}

type SetValue = (
  name: string,
  help: string,
  labels: Readonly<Record<string, string>>,
  value: number,
) => void

/** Makes metrics at their first value: counters of what is counted elsewhere, and gauges. */
function createSetter(registry: Registry): SetValue {
  return (name, help, labels, value) => {
    const facts = { name, help, labelNames: Object.keys(labels), registers: [registry] }
    const known = registry.getSingleMetric(name)
    if (!name.endsWith('_total'))
      (known instanceof Gauge ? known : new Gauge(facts)).set(labels, value)
    else (known instanceof Counter ? known : new Counter(facts)).inc(labels, value)
  }
}
