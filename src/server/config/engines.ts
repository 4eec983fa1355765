import type { ProcessGroup } from '../../core/process-group.ts'
import type { FullConfig } from '../options/schema.ts'
import type { GroupPlan } from './resolved.ts'
import type { OptionSources } from './validate.ts'

type Engine = ProcessGroup['engine']

const DAEMON_THREADS = 4

/** Threads of a group that was given so many: without any WSGI runs on Node's own thread when it is embedded. */
export function resolveThreads(engine: Engine, threads: number | undefined): number {
  return threads ?? (engine === 'embedded' ? 0 : DAEMON_THREADS)
}

/** Complains about what the engines of the groups cannot do. */
export function checkEngines(
  plans: readonly GroupPlan[],
  options: { readonly config: FullConfig; readonly sources: OptionSources },
  problems: string[],
): void {
  for (const { group } of plans) {
    if (group.engine === 'embedded' && group.loop === 'uvloop')
      problems.push(
        `${nameLoop(group.name, options)}: uvloop brings an event loop of its own, and embedded Python runs on the one of Node; leave it out, or take the engine "daemon"`,
      )
  }
  const [first, ...others] = plans.filter(({ group }) => group.engine === 'embedded')
  if (first !== undefined) for (const other of others) checkNeighbours(first, other, problems)
}

/** There is one Python in a process, so embedded groups share it. */
function checkNeighbours(first: GroupPlan, other: GroupPlan, problems: string[]): void {
  const where = `groups.${other.group.name}`
  const both = `both groups are embedded, and a process has one Python only; make them equal, or give one of them the engine "daemon"`
  if (first.python !== other.python)
    problems.push(`${where}.python: differs from groups.${first.group.name}.python; ${both}`)
  if (first.group.processes !== other.group.processes)
    problems.push(
      `${where}.processes: ${other.group.processes} differs from the ${first.group.processes} of groups.${first.group.name}; ${both}`,
    )
  const variables = listDifferences(first.group.environment, other.group.environment)
  if (variables.length > 0)
    problems.push(
      `${where}: its applications want another environment than those of groups.${first.group.name} (${variables.join(', ')}); ${both}`,
    )
}

function listDifferences(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].filter((name) => one[name] !== other[name])
}

function nameLoop(
  group: string,
  { config, sources }: { readonly config: FullConfig; readonly sources: OptionSources },
): string {
  return (
    sources.get('loop') ??
    (config.groups[group]?.loop === undefined ? 'loop' : `groups.${group}.loop`)
  )
}
