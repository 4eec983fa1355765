import type { Isolation } from '../../core/isolation.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import type { Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import { DAEMON_THREADS, resolveThreads } from './engines.ts'
import type { PlacedApplication } from './placed-application.ts'
import { listGroupNames } from './resolve-apps.ts'

/** Puts isolated applications into groups of their own, which are derived from theirs. */
export function isolateApplications(
  placed: readonly PlacedApplication[],
  config: FullConfig,
  problems: Problems,
): PlacedApplication[] {
  return placed.map((one) => {
    const { base, isolation, key } = one
    if (isolation === 'shared' || isIsolating(base, isolation, placed, config)) return one
    const group = `${base}:${isolation}`
    if (listGroupNames(config).includes(group))
      problems.add(
        ['groups', group],
        `is the name of the group that ${key} gets by its isolation; give this one another name`,
      )
    return { ...one, group }
  })
}

/** Whether a group has one thread, in worker processes that run nothing but scripts. */
function isIsolating(
  base: string,
  isolation: Isolation,
  placed: readonly PlacedApplication[],
  config: FullConfig,
): boolean {
  const { engine = config.engine, threads = config.threads } = config.groups[base] ?? {}
  const members = placed.filter((other) => other.base === base)
  return (
    isolation === 'process' &&
    resolveThreads(engine, threads) === 1 &&
    engine === 'daemon' &&
    members.every(({ application }) => application.kind === 'scripts')
  )
}

type Given = Pick<ProcessGroup, 'engine' | 'processes' | 'threads'>
type Capacity = Given & Pick<ProcessGroup, 'multiprocess'>

/** The processes and threads of a group, which serves as many requests at the same time in every isolation. */
export function resolveCapacity(isolation: Isolation, given: Given): Capacity {
  return CAPACITIES[isolation](given)
}

const CAPACITIES: Readonly<Record<Isolation, (given: Given) => Capacity>> = {
  shared: (given) => ({ ...given, multiprocess: given.processes > 1 }),
  interpreter: ({ processes, threads: given }) => {
    const threads = given || DAEMON_THREADS
    return { engine: 'daemon', processes, threads, multiprocess: processes * threads > 1 }
  },
  process: (given) => {
    const processes = countRequests(given)
    return { engine: 'daemon', processes, threads: 1, multiprocess: processes > 1 }
  },
  fresh: (given) => ({
    engine: 'daemon',
    processes: given.processes,
    threads: given.threads || DAEMON_THREADS,
    multiprocess: countRequests(given) > 1,
  }),
}

function countRequests({ processes, threads }: Given): number {
  return processes * (threads || DAEMON_THREADS)
}
