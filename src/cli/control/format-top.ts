import type { GroupStatus, ServerStatus } from '../../core/group-status.ts'
import { formatBytes, formatTime } from './quantities.ts'
import { formatTable } from './text-table.ts'

/** A status, and when it was asked for (`performance.now()`). */
export interface Snapshot {
  readonly status: ServerStatus
  readonly at: number
}

/** The lines of `taipan top`; rates are those since the snapshot before. */
export function formatTop(now: Snapshot, before: Snapshot | undefined): string[] {
  const { version, pid, state, uptime, groups } = now.status
  return [
    `taipan ${version}  process ${pid}  ${state}  up ${formatTime(uptime)}  ${formatRate(now, before)} requests/s`,
    '',
    ...formatTable([
      [
        'group',
        'workers',
        'running',
        'queue',
        'req/s',
        'latency',
        'waited',
        'failed',
        'restarts',
        'memory',
      ],
      ...groups.map((group) => describeGroup(group, now, before)),
    ]),
    '',
    ...formatTable([
      ['group', 'pid', 'state', 'gen', 'age', 'running', 'served', 'memory'],
      ...groups.flatMap(describeWorkers),
    ]),
    '',
    ...describeProblems(now.status),
  ]
}

function formatRate(now: Snapshot, before: Snapshot | undefined): string {
  if (before === undefined) return '-'
  return rate(now.status.exchanges - before.status.exchanges, now, before)
}

function rate(count: number, now: Snapshot, before: Snapshot): string {
  const seconds = Math.max(0.001, (now.at - before.at) / 1000)
  return (Math.max(0, count) / seconds).toFixed(0)
}

function describeGroup(group: GroupStatus, now: Snapshot, before: Snapshot | undefined): string[] {
  const { name, workers, wanted, requests, queue, restarts } = group
  const earlier = before?.status.groups.find((one) => one.name === name)
  const ready = workers.filter(({ state }) => state === 'ready').length
  const memory = workers.reduce((sum, one) => sum + (one.memory ?? 0), 0)
  const replaced = Object.values(restarts).reduce((sum, count) => sum + count, 0)
  const finished = requests.finished - (earlier?.requests.finished ?? requests.finished)
  return [
    name,
    `${ready}/${wanted}`,
    String(requests.running),
    `${queue.length}/${queue.limit}`,
    before === undefined ? '-' : rate(finished, now, before),
    mean(group.times.python, earlier?.times.python, group, earlier),
    mean(group.times.queued, earlier?.times.queued, group, earlier),
    String(requests.failed),
    String(replaced),
    formatBytes(memory),
  ]
}

/** Milliseconds for each request since the snapshot before, else since the start. */
function mean(
  total: number,
  before: number | undefined,
  { times: { count } }: GroupStatus,
  earlier: GroupStatus | undefined,
): string {
  const requests = count - (earlier?.times.count ?? 0)
  if (requests <= 0) return '-'
  return `${((total - (before ?? 0)) / requests).toFixed(1)} ms`
}

function describeWorkers({ name, workers }: GroupStatus): string[][] {
  return workers.map(({ pid, state, generation, age, running, served, memory }) => [
    name,
    String(pid),
    state,
    String(generation),
    formatTime(age),
    String(running),
    String(served),
    memory === undefined ? '-' : formatBytes(memory),
  ])
}

function describeProblems({ groups, lastReload }: ServerStatus): string[] {
  const broken = groups.flatMap(({ applications }) =>
    applications
      .filter(({ failure }) => failure !== '')
      .map(({ name, failure }) => `not served: application ${name}: ${failure}`),
  )
  const failed = lastReload?.succeeded === false ? [`reload failed: ${lastReload.message}`] : []
  return [...broken, ...failed]
}
