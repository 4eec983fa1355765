import type { ProcessGroup } from '../../core/process-group.ts'
import type { Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import type { GroupPlan } from './resolved.ts'

type Engine = ProcessGroup['engine']

/** Threads of worker processes by default. */
export const DAEMON_THREADS = 4

/** Threads of a group; the main thread counts as one. By default embedded WSGI applications run on Node's own thread. */
export function resolveThreads(engine: Engine, threads: number | 'main' | undefined): number {
  if (threads === 'main') return 1
  return threads ?? (engine === 'embedded' ? 0 : DAEMON_THREADS)
}

/** Reports options that the engine of a group does not support. */
export function checkEngines(
  plans: readonly GroupPlan[],
  { groups }: FullConfig,
  problems: Problems,
): void {
  for (const { group } of plans) {
    if (group.engine === 'embedded' && group.scaling !== undefined)
      problems.add(
        groups[group.name]?.processes === undefined
          ? ['processes']
          : ['groups', group.name, 'processes'],
        `embedded Python runs in a fixed number of Node processes, not from ${group.scaling.min} to ${group.scaling.max}; give one number, or use the engine "daemon"`,
      )
    if (group.engine === 'embedded' && group.mainThread)
      problems.add(
        groups[group.name]?.threads === undefined ? ['threads'] : ['groups', group.name, 'threads'],
        `"main" is for worker processes, and inside Node the main thread is Node's; write 0, which runs WSGI there, one request at a time, or use the engine "daemon"`,
      )
    if (group.engine === 'embedded' && group.loop === 'uvloop')
      problems.add(
        groups[group.name]?.loop === undefined ? ['loop'] : ['groups', group.name, 'loop'],
        `embedded Python runs on the event loop of Node and cannot use uvloop; leave the option out, or use the engine "daemon"`,
      )
  }
  const [first, ...others] = plans.filter(({ group }) => group.engine === 'embedded')
  if (first !== undefined) for (const other of others) checkNeighbours(first, other, problems)
}

/** Embedded groups share one Python, because a process can have only one. */
function checkNeighbours(first: GroupPlan, other: GroupPlan, problems: Problems): void {
  const where = ['groups', other.group.name]
  const both = `both groups are embedded, and a process has one Python only; make them equal, or give one of them the engine "daemon"`
  if (first.python !== other.python)
    problems.add([...where, 'python'], `differs from groups.${first.group.name}.python; ${both}`)
  if (first.group.processes !== other.group.processes)
    problems.add(
      [...where, 'processes'],
      `${other.group.processes} differs from the ${first.group.processes} of groups.${first.group.name}; ${both}`,
    )
  const variables = listDifferences(first.group.environment, other.group.environment)
  if (variables.length > 0)
    problems.add(
      where,
      `its applications have another environment than those of groups.${first.group.name} (${variables.join(', ')}); ${both}`,
    )
}

function listDifferences(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].filter((name) => one[name] !== other[name])
}
