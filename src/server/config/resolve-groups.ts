import { availableParallelism } from 'node:os'
import { findScript } from '../../backends/group/owned-scripts.ts'
import { importFolder } from '../../core/application.ts'
import { NO_DEMANDS } from '../../core/process-group.ts'
import type { Problems } from '../option-types/problems.ts'
import { resolveGroupValues } from '../options/group-options.ts'
import type { FullConfig } from '../options/schema.ts'
import { GENERAL } from '../options/table.ts'
import { checkEngines, resolveThreads } from './engines.ts'
import { mergeEnvironment } from './group-environment.ts'
import { checkLifetimes } from './lifetimes.ts'
import { resolveCapacity } from './isolate.ts'
import type { PlacedApplication } from './placed-application.ts'
import { resolveLimitNames } from './limit-names.ts'
import { resolveEditor } from './resolve-editor.ts'
import {
  listIdentityVariables,
  resolveConfinement,
  resolveScriptOwner,
} from './resolve-confinement.ts'
import { checkHooks } from './hooks.ts'
import { checkPreload } from './preload.ts'
import { listGroupNames } from './resolve-apps.ts'
import type { GroupPlan } from './resolved.ts'
import { checkInterpreters } from './sub-interpreters.ts'

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
  const used = names.filter((name) => applications.some(({ base }) => base === name))
  const wanted = used.length === 0 && mayServeNothing ? names.slice(0, 1) : used
  const plans = wanted.flatMap((name) => {
    const members = applications.filter(({ base }) => base === name)
    return createGroups({ name, members }, sources, problems)
  })
  checkEngines(plans, config, problems)
  checkLifetimes(plans, config, problems)
  checkInterpreters(plans, problems)
  checkPreload(plans, config, problems)
  checkHooks(plans, config, problems)
  return plans
}

interface NamedMembers {
  /** Of a group of the configuration. */
  readonly name: string
  /** Also those that run in groups derived from it. */
  readonly members: readonly PlacedApplication[]
}

/** A group of the configuration, and those that are derived from it: they differ in what they run, and how. */
function createGroups(
  { name, members }: NamedMembers,
  sources: GroupSources,
  problems: Problems,
): GroupPlan[] {
  const { config, directory } = sources
  const own = config.groups[name] ?? {}
  const values = resolveGroupValues(GENERAL, config, own)
  checkArguments(name, members, problems)
  const confinement = resolveConfinement({ name, values, config }, problems)
  const scriptOwner = resolveScriptOwner({ name, values, config }, problems)
  checkOwned(name, { members, isOwned: scriptOwner !== undefined }, problems)
  const ownEnvironment = {
    ...listIdentityVariables({ account: confinement?.account }, values),
    ...config.env,
    ...joinEnvironments(name, members, problems),
  }
  const common = {
    python: values.python,
    pythonSource: problems.locate(
      config.groups[name]?.python === undefined ? ['python'] : ['groups', name, 'python'],
    ),
    pythonDirectory: members[0]?.folder ?? directory,
    ownEnvironment,
  }
  const { engine } = values
  const threads = resolveThreads(engine, values.threads)
  const capacity = { engine, threads, ...resolveProcesses(values.processes) }
  const environment = mergeEnvironment(sources.environment, ownEnvironment)
  const limitNames = resolveLimitNames({ where: ['groups', name], own }, problems)
  const names = new Set(members.length === 0 ? [name] : members.map(({ group }) => group))
  return [...names].map((derived) => {
    const placed = members.filter(({ group }) => group === derived)
    const isolation = derived === name ? 'shared' : (placed[0]?.isolation ?? 'shared')
    const mainThread = values.threads === 'main' && isolation !== 'interpreter'
    // Processes for single requests are forked from a template anyway.
    const preload = values.preload && isolation !== 'fresh'
    const kind = { name: derived, isolation, mainThread, preload }
    const group = { ...values, ...resolveCapacity(isolation, capacity), ...kind }
    const setting = createSetting(placed, sources, values.home)
    const facts = { environment, limitNames, confinement, scriptOwner }
    return { ...common, group: { ...group, ...setting, ...facts } }
  })
}

/** Of a module nobody could say which file of it counts. */
function checkOwned(
  group: string,
  { members, isOwned }: { members: readonly PlacedApplication[]; isOwned: boolean },
  problems: Problems,
): void {
  const modules = members.filter(
    ({ application }) => application.kind === 'target' && findScript(application) === undefined,
  )
  if (isOwned && modules.length > 0)
    problems.add(
      ['groups', group, 'scriptUser'],
      `scriptUser and scriptGroup are about files, and application ${modules[0]?.application.name} is none; name the file of it as its target`,
    )
}

/** What a group gets besides the values of its options. */
export function createSetting(
  members: readonly PlacedApplication[],
  { config, directory, environment }: GroupSources,
  home: string | undefined,
) {
  const editor = config.dev ? resolveEditor(config.editor, environment) : undefined
  return {
    pythonArguments: [],
    directory: home ?? directory,
    searchPath: [...new Set([...(home === undefined ? [] : [home]), ...listSearchPath(members)])],
    argv: [members[0]?.argument ?? '', ...(members[0]?.arguments ?? [])],
    applications: members.map(({ application }) => application),
    dev: config.dev,
    editor: editor && { ...editor, directory },
    startAnyway: false,
    demands: NO_DEMANDS,
    retries: true,
  }
}

/** Folders that imports start from; scripts of all sorts import from their own folders by themselves. */
function listSearchPath(members: readonly PlacedApplication[]): string[] {
  const imported = members.filter(
    ({ application: { kind } }) => kind !== 'scripts' && kind !== 'guard',
  )
  return [...new Set(imported.map(({ application }) => importFolder(application)))]
}

/** A process has one `sys.argv`. */
function checkArguments(
  group: string,
  members: readonly PlacedApplication[],
  problems: Problems,
): void {
  const [first, ...others] = members.filter(({ application: { kind } }) => kind !== 'scripts')
  if (first === undefined) return
  const usual = JSON.stringify(first.arguments)
  for (const { application, arguments: words } of others)
    if (application.kind !== 'guard' && JSON.stringify(words) !== usual)
      problems.add(
        ['apps', application.name, 'arguments'],
        `differs from apps.${first.application.name}.arguments, but both applications run in the processes of group ${JSON.stringify(group)}; put them into two groups`,
      )
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

/** How many processes a group has. */
export type Processes = Pick<GroupPlan['group'], 'processes' | 'scaling'>

/** A group that may sleep starts with one worker, too, which proves that its applications can be loaded. */
export function resolveProcesses(given: FullConfig['processes']): Processes {
  if (typeof given !== 'object') return { processes: resolveCount(given), scaling: undefined }
  const max = resolveCount(given.max)
  const min = Math.min(given.min, max)
  return { processes: Math.max(1, min), scaling: { ...given, min, max } }
}

function resolveCount(count: number | 'auto'): number {
  return count === 'auto' ? availableParallelism() : count
}
