import { availableParallelism } from 'node:os'
import { importFolder } from '../../core/application.ts'
import { NO_DEMANDS } from '../../core/process-group.ts'
import type { Problems } from '../option-types/problems.ts'
import { resolveGroupValues } from '../options/group-options.ts'
import type { FullConfig } from '../options/schema.ts'
import { GENERAL } from '../options/table.ts'
import { checkEngines, resolveThreads } from './engines.ts'
import { mergeEnvironment } from './group-environment.ts'
import { listGroupNames, type PlacedApplication } from './resolve-apps.ts'
import type { GroupPlan } from './resolved.ts'

/** Input of `resolveGroups`. */
export interface GroupSources {
  readonly config: FullConfig
  readonly applications: readonly PlacedApplication[]
  /** Of the process and of environment files. */
  readonly environment: Readonly<Record<string, string>>
  readonly directory: string
  /** Make a group even if there are no applications. */
  readonly mayServeNothing: boolean
}

/** Makes the groups that have applications; adds errors to `problems`. */
export function resolveGroups(sources: GroupSources, problems: Problems): GroupPlan[] {
  const { config, applications, mayServeNothing } = sources
  const names = listGroupNames(config)
  const used = names.filter((name) => applications.some(({ group }) => group === name))
  const wanted = used.length === 0 && mayServeNothing ? names.slice(0, 1) : used
  const plans = wanted.map((name) => {
    const members = applications.filter(({ group }) => group === name)
    return createGroup({ name, members }, sources, problems)
  })
  checkEngines(plans, config, problems)
  return plans
}

interface NamedMembers {
  readonly name: string
  readonly members: readonly PlacedApplication[]
}

function createGroup(
  { name, members }: NamedMembers,
  sources: GroupSources,
  problems: Problems,
): GroupPlan {
  const { config, directory } = sources
  const own = config.groups[name] ?? {}
  const values = resolveGroupValues(GENERAL, config, own)
  const processes = resolveProcesses(values.processes)
  const ownEnvironment = { ...config.env, ...joinEnvironments(name, members, problems) }
  return {
    python: values.python,
    pythonSource: problems.locate(
      config.groups[name]?.python === undefined ? ['python'] : ['groups', name, 'python'],
    ),
    pythonDirectory: members[0]?.folder ?? directory,
    ownEnvironment,
    group: {
      ...values,
      name,
      pythonArguments: [],
      processes,
      multiprocess: processes > 1,
      threads: resolveThreads(values.engine, values.threads),
      environment: mergeEnvironment(sources.environment, ownEnvironment),
      directory,
      searchPath: listSearchPath(members),
      argv: [members[0]?.argument ?? ''],
      applications: members.map(({ application }) => application),
      dev: config.dev,
      startAnyway: false,
      demands: NO_DEMANDS,
      retries: true,
    },
  }
}

/** Folders that imports start from; scripts import from their own folders by themselves. */
function listSearchPath(members: readonly PlacedApplication[]): string[] {
  const imported = members.filter(({ application }) => application.kind !== 'scripts')
  return [...new Set(imported.map(({ application }) => importFolder(application)))]
}

/** Merges the environments of applications that share processes; they must not differ. */
function joinEnvironments(
  group: string,
  members: readonly PlacedApplication[],
  problems: Problems,
): Record<string, string> {
  const joined: Record<string, string> = {}
  const givers = new Map<string, string>()
  for (const { application, env } of members)
    for (const [name, value] of Object.entries(env)) {
      const giver = givers.get(name)
      if (giver !== undefined && joined[name] !== value)
        problems.add(
          ['apps', application.name, 'env', name],
          `differs from apps.${giver}.env.${name}, but both applications run in the processes of group ${JSON.stringify(group)}; put them into two groups`,
        )
      joined[name] = value
      givers.set(name, application.name)
    }
  return joined
}

function resolveProcesses(processes: number | 'auto'): number {
  return processes === 'auto' ? availableParallelism() : processes
}
