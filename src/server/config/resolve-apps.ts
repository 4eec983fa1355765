import { basename, dirname, resolve } from 'node:path'
import type { FullConfig } from '../options/schema.ts'
import { suggest } from '../../core/suggest.ts'
import { formatPath, type OptionPath, type Problems } from '../option-types/problems.ts'
import { resolveIsolation } from '../routes/isolation-option.ts'
import { listScriptRoutes, placeScripts } from './place-scripts.ts'
import { placeApplication, type PlacedApplication } from './placed-application.ts'
import { resolveInterpreter } from './sub-interpreters.ts'
import { isScriptFolder, locateTarget, nameTarget } from './target.ts'

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
    const words = app.arguments ?? config.arguments
    return placeNamed({ name, app: { ...app, arguments: words }, group, directory })
  })
  if (config.app !== undefined) placed.push(placeShortForm(config, config.app, directory))
  for (const route of listScriptRoutes(config)) {
    const group = resolveGroupName(route, config, problems)
    const isolation = resolveIsolation(route.given, route.where, problems)
    const key = formatPath(route.where)
    placed.push(placeScripts(route, { key, group, isolation, directory, placed }))
  }
  return placed
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
    const mount = config.mount ?? config.rootPath ?? '/'
    const placed = placeScripts(
      { source: resolve(from, target), isHandler: false, mount, given: {} },
      { key: SHORT_FORM_KEY, group, isolation: 'shared', directory: from, placed: [] },
    )
    return { ...placed, arguments: config.arguments }
  }
  return placeApplication(
    {
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
      interpreter: undefined,
    },
    {
      key: SHORT_FORM_KEY,
      group,
      folder: locateTarget(target, from),
      argument: target,
      arguments: config.arguments,
    },
  )
}

function placeNamed(parts: {
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
    interpreter: resolveInterpreter(app),
    ...(app.dispatch !== undefined && { dispatched: true }),
  }
  const place = { key: name, group, env: app.env, arguments: app.arguments ?? [] }
  const from = app.appDirectory ?? directory
  if (app.target !== undefined)
    return placeApplication(
      {
        ...common,
        kind: 'target',
        target: app.target,
        callable: app.callable,
        directory: from,
      },
      { ...place, folder: locateTarget(app.target, from), argument: app.target },
    )
  const file = resolve(from, app.appFilename ?? 'application.py')
  return placeApplication(
    {
      ...common,
      kind: 'file',
      appDirectory: from,
      appFilename: app.appFilename ?? 'application.py',
      callable: app.callable ?? 'handler',
      callableQueryName: app.callableQueryName ?? undefined,
    },
    { ...place, folder: dirname(file), argument: basename(file) },
  )
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
  checkGroupName(group, { names, where }, problems)
  return group
}

/** Reports the `group` of the option at `where` if it is none of `names`. */
export function checkGroupName(
  group: string,
  { names, where }: { readonly names: readonly string[]; readonly where: OptionPath },
  problems: Problems,
): void {
  if (names.includes(group)) return
  problems.add(
    [...where, 'group'],
    `there is no group ${JSON.stringify(group)}.${suggest(group, names) || ` Groups: ${names.join(', ')}.`}`,
  )
}
