import { basename, dirname, relative, resolve } from 'node:path'
import type { Application } from '../../core/application.ts'
import type { Isolation } from '../../core/isolation.ts'
import type { FullConfig } from '../options/schema.ts'
import { suggest } from '../../core/suggest.ts'
import { formatPath, type OptionPath, type Problems } from '../option-types/problems.ts'
import { resolveScriptOptions, type GivenScriptOptions } from './script-options.ts'
import { isScriptFolder, locateTarget, nameTarget } from './target.ts'

/** An application with its group. */
export interface PlacedApplication {
  readonly application: Application
  /** What routes call it. */
  readonly key: string
  /** Where it runs. */
  readonly group: string
  /** The group of the configuration that this is, or that it is derived from. */
  readonly base: string
  readonly isolation: Isolation
  readonly env: Readonly<Record<string, string>>
  /** Folder of its sources. */
  readonly folder: string
  /** `sys.argv[0]` of the application. */
  readonly argument: string
}

const SHORT_FORM_KEY = 'app'
const DEFAULT_GROUP = 'web'

type AppConfig = FullConfig['apps'][string]

/** Resolves the applications of a configuration, in the groups that it puts them into; adds errors to `problems`. */
export function resolveApplications(
  config: FullConfig,
  directory: string,
  problems: Problems,
): PlacedApplication[] {
  const placed = Object.entries(config.apps).map(([name, app]) => {
    checkMechanism(name, app, problems)
    const group = resolveGroupName({ where: ['apps', name], group: app.group }, config, problems)
    return placeApplication({ name, app, group, directory })
  })
  if (config.app !== undefined) placed.push(placeShortForm(config, config.app, directory))
  for (const folder of listScriptFolders(config)) {
    const { where, given } = folder
    const group = resolveGroupName(folder, config, problems)
    placed.push(placeScripts(folder, { key: formatPath(where), group, directory, placed, given }))
  }
  return placed
}

interface ScriptFolder {
  readonly root: string
  /** Path of the route. */
  readonly mount: string
}

interface ScriptRoute extends ScriptFolder {
  /** Its application has no other name. */
  readonly where: OptionPath
  readonly group: string | undefined
  readonly given: GivenScriptOptions & { readonly isolation?: Isolation | undefined }
}

function listScriptFolders({ routes, scripts }: FullConfig): ScriptRoute[] {
  const long = routes.flatMap((given, index) => {
    const { scripts: root, path: mount, group } = given
    const where = ['routes', String(index)]
    return root === undefined ? [] : [{ root, mount, where, group, given }]
  })
  const short = Object.entries(scripts).map(([path, root]) => ({
    root,
    mount: path,
    where: ['scripts', path],
    group: undefined,
    given: {},
  }))
  return [...long, ...short]
}

function placeScripts(
  { root, mount }: ScriptFolder,
  place: {
    readonly key: string
    readonly group: string
    readonly directory: string
    readonly placed: readonly PlacedApplication[]
    readonly given: ScriptRoute['given']
  },
): PlacedApplication {
  const { key, group, directory, placed, given } = place
  // The slash tells it from the name of an application.
  const inside = relative(directory, root) || basename(root)
  const shown = `${inside.startsWith('..') ? root : inside}/`
  const taken = placed.some(({ application }) => application.name === shown)
  return {
    application: {
      kind: 'scripts',
      name: taken ? `${shown} (${key})` : shown,
      interface: 'script',
      root,
      mount,
      multithread: true,
      ...resolveScriptOptions(given),
    },
    key,
    group,
    base: group,
    isolation: given.isolation ?? 'shared',
    env: {},
    folder: root,
    argument: root,
  }
}

/** Names of all groups. */
export function listGroupNames(config: FullConfig): string[] {
  const names = Object.keys(config.groups)
  return names.length === 0 ? [DEFAULT_GROUP] : names
}

function placeShortForm(config: FullConfig, target: string, directory: string): PlacedApplication {
  const from = config.appDirectory ?? directory
  const group = listGroupNames(config)[0] ?? DEFAULT_GROUP
  if (isScriptFolder(target, from)) {
    const folder = { root: resolve(from, target), mount: config.mount ?? config.rootPath ?? '/' }
    return placeScripts(folder, {
      key: SHORT_FORM_KEY,
      group,
      directory: from,
      placed: [],
      given: {},
    })
  }
  return {
    application: {
      kind: 'target',
      // What the person has typed tells more than a name that every short form has.
      name: nameTarget(target, from),
      interface: config.interface,
      target,
      callable: config.callable,
      directory: from,
      cacheCallables: true,
      reloadOnModification: false,
      multithread: true,
    },
    key: SHORT_FORM_KEY,
    group,
    base: group,
    isolation: 'shared',
    env: {},
    folder: locateTarget(target, from),
    argument: target,
  }
}

function placeApplication(parts: {
  readonly name: string
  readonly app: AppConfig
  readonly group: string
  readonly directory: string
}): PlacedApplication {
  const { name, app, group, directory } = parts
  const { cacheCallables, reloadOnModification, multithread } = app
  const common = {
    name,
    interface: app.interface,
    cacheCallables,
    reloadOnModification,
    multithread,
  }
  const from = app.appDirectory ?? directory
  if (app.target !== undefined)
    return {
      application: {
        ...common,
        kind: 'target',
        target: app.target,
        callable: app.callable,
        directory: from,
      },
      key: name,
      group,
      base: group,
      isolation: 'shared',
      env: app.env,
      folder: locateTarget(app.target, from),
      argument: app.target,
    }
  const file = resolve(from, app.appFilename ?? 'application.py')
  return {
    application: {
      ...common,
      kind: 'file',
      appDirectory: from,
      appFilename: app.appFilename ?? 'application.py',
      callable: app.callable ?? 'handler',
      callableQueryName: app.callableQueryName ?? undefined,
    },
    key: name,
    group,
    base: group,
    isolation: 'shared',
    env: app.env,
    folder: dirname(file),
    argument: basename(file),
  }
}

function checkMechanism(name: string, app: AppConfig, problems: Problems): void {
  const byFile = app.appFilename !== undefined || app.callableQueryName !== undefined
  if (app.target !== undefined && byFile)
    problems.add(
      ['apps', name],
      `has both target and ${app.appFilename === undefined ? 'callableQueryName' : 'appFilename'}; give one of the two`,
    )
  if (app.target === undefined && app.appDirectory === undefined && app.appFilename === undefined)
    problems.add(
      ['apps', name],
      `names no application; give target, as in "shop.wsgi:application", or appDirectory and appFilename`,
    )
}

function resolveGroupName(
  { where, group }: { readonly where: OptionPath; readonly group: string | undefined },
  config: FullConfig,
  problems: Problems,
): string {
  const names = listGroupNames(config)
  const [only = DEFAULT_GROUP] = names
  if (group === undefined) {
    if (names.length > 1)
      problems.add([...where, 'group'], `is missing; there are several groups: ${names.join(', ')}`)
    return only
  }
  if (!names.includes(group))
    problems.add(
      [...where, 'group'],
      `there is no group ${JSON.stringify(group)}.${suggest(group, names) || ` Groups: ${names.join(', ')}.`}`,
    )
  return group
}
