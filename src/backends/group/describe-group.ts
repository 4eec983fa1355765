import type { Findings } from '../../core/backend.ts'
import type { ApplicationStatus, GroupStatus, TimesStatus } from '../../core/group-status.ts'
import type { ProcessesStatus } from '../../core/process-status.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import type { UpstreamStatistics } from '../../core/upstream.ts'

/** What the status of a group is made of. */
export interface GroupState {
  readonly processes: ProcessesStatus
  readonly requests: UpstreamStatistics
  readonly times: TimesStatus
  readonly findings: Findings | undefined
}

/** What the status of a group needs of its options. */
export type DescribedGroup = Pick<
  ProcessGroup,
  'name' | 'engine' | 'threads' | 'queue' | 'applications'
>

/** Describes a group at the moment. */
export function describeGroup(group: DescribedGroup, state: GroupState): GroupStatus {
  const { name, engine, threads, queue } = group
  const { processes, requests, times, findings } = state
  return {
    name,
    engine,
    python: findings?.python ?? '',
    threads,
    ...processes,
    applications: describeApplications(group, state),
    requests,
    times,
    queue: { length: requests.waiting, limit: queue.limit },
  }
}

function describeApplications(
  { applications }: DescribedGroup,
  { processes: { failure, traceback }, findings }: GroupState,
): readonly ApplicationStatus[] {
  const found = new Map(findings?.applications.map((one) => [one.name, one]))
  return applications.map(({ name, interface: called }) => {
    const finding = found.get(name)
    return {
      name,
      interface: finding?.interface ?? (called === 'auto' ? '' : called),
      failure: failure || (finding?.failure ?? ''),
      traceback: traceback || (finding?.traceback ?? ''),
    }
  })
}
