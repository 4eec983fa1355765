import { describeGroup } from '../backends/group/describe-group.ts'
import type { GroupFailures } from '../backends/group/unserved.ts'
import type {
  AppStatus,
  GroupStatus,
  ProgramStatus,
  TimesStatus,
  UpstreamStatus,
} from '../core/group-status.ts'
import type { ProcessesStatus, WorkerStatus } from '../core/process-status.ts'
import { addRestarts } from '../core/restart-reason.ts'
import type { UpstreamStatistics } from '../core/upstream.ts'
import type { GroupFindings } from './messages.ts'
import type { ReplicaGroup } from './replica-plan.ts'

/** A replica as its parent sees it, and what it has said of what it has; undefined if it did not answer in time. */
export interface SeenReplica {
  readonly seen: WorkerStatus
  readonly status: AppStatus | undefined
}

/** What the status of replicas is made of. */
export interface ReplicasState {
  readonly groups: readonly ReplicaGroup[]
  /** Of the replicas themselves. */
  readonly processes: ProcessesStatus
  readonly replicas: readonly SeenReplica[]
  readonly findings: GroupFindings
  readonly failures: GroupFailures
}

/** One status for all replicas. */
export function describeReplicas(state: ReplicasState): AppStatus {
  const told = state.replicas.flatMap(({ status }) => status ?? [])
  return {
    groups: state.groups.map((group) => describeReplicated(group, state)),
    programs: mergeNamed(
      told.flatMap(({ programs }) => programs),
      addPrograms,
    ),
    upstreams: mergeNamed(
      told.flatMap(({ upstreams }) => upstreams),
      addRequests,
    ),
  }
}

function describeReplicated(group: ReplicaGroup, state: ReplicasState): GroupStatus {
  const { replicas, processes: own, findings, failures } = state
  const shares = replicas.map(({ seen, status }) => ({ seen, share: findGroup(status, group) }))
  const told = shares.flatMap(({ share }) => share ?? [])
  const { message: failure = '', traceback = '' } = failures[group.name] ?? {}
  const processes =
    group.engine === 'embedded'
      ? { ...own, workers: shares.map(({ seen, share }) => describeEmbedded(seen, share)) }
      : { ...own, ...addProcesses(told) }
  return describeGroup(group, {
    processes: {
      ...processes,
      failure: failure || own.failure,
      traceback: traceback || own.traceback,
    },
    requests: sumRequests(told),
    times: sumTimes(told),
    findings: findings[group.name],
  })
}

function findGroup(status: AppStatus | undefined, { name }: ReplicaGroup): GroupStatus | undefined {
  return status?.groups.find((one) => one.name === name)
}

/** An embedded worker is the replica itself. */
function describeEmbedded(seen: WorkerStatus, share: GroupStatus | undefined): WorkerStatus {
  const [worker] = share?.workers ?? []
  return worker === undefined ? seen : { ...seen, served: worker.served, running: worker.running }
}

function addProcesses(
  parts: readonly ProcessesStatus[],
): Pick<ProcessesStatus, 'wanted' | 'min' | 'max' | 'workers' | 'restarts'> {
  const sum = (key: 'wanted' | 'min' | 'max') => parts.reduce((total, part) => total + part[key], 0)
  return {
    wanted: sum('wanted'),
    min: sum('min'),
    max: sum('max'),
    workers: parts.flatMap(({ workers }) => workers),
    restarts: addRestarts(parts.map(({ restarts }) => restarts)),
  }
}

function addPrograms(parts: readonly [ProgramStatus, ...ProgramStatus[]]): ProgramStatus {
  return { ...parts[0], ...addProcesses(parts), requests: sumRequests(parts) }
}

function addRequests(parts: readonly [UpstreamStatus, ...UpstreamStatus[]]): UpstreamStatus {
  return { name: parts[0].name, requests: sumRequests(parts) }
}

function sumRequests(
  parts: readonly { readonly requests: UpstreamStatistics }[],
): UpstreamStatistics {
  const sum = { running: 0, waiting: 0, finished: 0, failed: 0 }
  for (const { requests } of parts) {
    sum.running += requests.running
    sum.waiting += requests.waiting
    sum.finished += requests.finished
    sum.failed += requests.failed
  }
  return sum
}

function sumTimes(parts: readonly GroupStatus[]): TimesStatus {
  const sum = { count: 0, queued: 0, python: 0 }
  for (const { times } of parts) {
    sum.count += times.count
    sum.queued += times.queued
    sum.python += times.python
  }
  return sum
}

function mergeNamed<T extends { readonly name: string }>(
  parts: readonly T[],
  add: (parts: readonly [T, ...T[]]) => T,
): readonly T[] {
  const named = new Map<string, [T, ...T[]]>()
  for (const part of parts) {
    const known = named.get(part.name)
    if (known === undefined) named.set(part.name, [part])
    else known.push(part)
  }
  return [...named.values()].map(add)
}
