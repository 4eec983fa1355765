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

type Given = Pick<ProcessGroup, 'engine' | 'processes' | 'scaling' | 'threads'>
type Capacity = Given & Pick<ProcessGroup, 'multiprocess'>

/** The processes and threads of a group, which serves as many requests at the same time in every isolation. */
export function resolveCapacity(isolation: Isolation, given: Given): Capacity {
  return CAPACITIES[isolation](given)
}

const CAPACITIES: Readonly<Record<Isolation, (given: Given) => Capacity>> = {
  shared: (given) => ({ ...given, multiprocess: mostProcesses(given) > 1 }),
  interpreter: separate,
  process: (given) => {
    const { processes, scaling, multiprocess } = separate(given)
    const perProcess = given.threads || DAEMON_THREADS
    return {
      engine: 'daemon',
      processes: processes * perProcess,
      scaling: scaling && {
        ...scaling,
        min: scaling.min * perProcess,
        max: scaling.max * perProcess,
      },
      threads: 1,
      multiprocess,
    }
  },
  fresh: separate,
}

/** Each request is alone, also among those of one process. */
function separate({ processes, scaling, threads: given }: Given): Capacity {
  const threads = given || DAEMON_THREADS
  const multiprocess = mostProcesses({ processes, scaling }) * threads > 1
  return { engine: 'daemon', processes, scaling, threads, multiprocess }
}

function mostProcesses({ processes, scaling }: Pick<Given, 'processes' | 'scaling'>): number {
  return scaling?.max ?? processes
}
