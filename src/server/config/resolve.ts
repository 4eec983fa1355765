import { homedir } from 'node:os'
import { join, parse, relative } from 'node:path'
import { importFolder } from '../../core/application.ts'
import type { FullConfig } from '../options/schema.ts'
import { expandAddress, parseAddress, type Address } from './address.ts'
import { loadEnvFile, mergeVariables } from './env-file.ts'
import { listApplicationVariables, type Environment } from './environment.ts'
import { checkFolder } from '../routes/route-kind.ts'
import { resolveApplications, type PlacedApplication } from './resolve-apps.ts'
import { resolveGroups } from './resolve-groups.ts'
import { resolveRoutes } from './resolve-routes.ts'
import type { GroupPlan, RoutePlan, ServerPlan, WatchPlan } from './resolved.ts'
import { findPackage } from './target.ts'
import { createConfigError, type OptionSources } from './validate.ts'

/** A valid configuration, and where it comes from. */
export interface ResolveOptions {
  readonly config: FullConfig
  readonly sources: OptionSources
  /** Folder for relative targets, and working directory of workers. */
  readonly directory: string
  readonly configFile?: string | undefined
  readonly environment: Environment
  /** A configuration without applications is valid and gets an empty group. */
  readonly mayServeNothing?: boolean
}

/** Converts a configuration to the plan of a server. Throws one error with all problems. */
export function resolveServer(options: ResolveOptions): ServerPlan {
  const { config, directory, sources, configFile } = options
  const problems: string[] = []
  const { addresses, hints, applications, routes, warnings, environment, files, groups } =
    resolveParts(options, problems)
  if (problems.length > 0) throw createConfigError(problems, { sources, file: configFile })
  const startAnyway = config.reload || config.dev
  // A group that cannot be loaded does not keep the others from starting.
  const servesOthers =
    groups.length > 1 || routes.some(({ answerer }) => answerer.kind === 'static')
  return {
    addresses,
    groups: startAnyway || servesOthers ? groups.map(tolerateFailures) : groups,
    routes,
    rootPath: config.rootPath,
    limits: config.limits,
    timeouts: config.timeouts,
    buffers: config.buffers,
    webSocket: config.webSocket,
    log: config.log,
    dev: config.dev,
    refresh: config.dev && config.refresh,
    reload: config.reload || config.dev,
    startAnyway,
    watched: selectWatched(config, { applications, routes, directory }),
    configFile,
    hints,
    warnings: [
      ...files.flatMap((file) => file.warnings),
      ...warnings,
      ...warnOfUnusedPatterns(options),
      ...applications.flatMap(warnOfQueryNames),
    ],
    directory,
    environment,
    envFiles: config.envFile,
  }
}

/** The problems of a configuration besides those that its schema finds. */
export function listServerProblems(options: ResolveOptions): string[] {
  const problems: string[] = []
  // A missing environment file is an error of its own.
  resolveParts({ ...options, config: { ...options.config, envFile: [] } }, problems)
  return problems
}

function resolveParts(options: ResolveOptions, problems: string[]) {
  const { config, directory, sources, mayServeNothing = false } = options
  const { addresses, hints } = resolveAddresses(config.bind, options, problems)
  const applications = resolveApplications(config, directory, problems)
  const { routes, warnings } = resolveRoutes(config, applications, problems)
  checkShortForm(options, problems)
  checkFolders(options, problems)
  const environment = listApplicationVariables(options.environment)
  const files = config.envFile.map(loadEnvFile)
  const variables = { ...environment, ...mergeVariables(files) }
  const groups = resolveGroups(
    { config, applications, environment: variables, directory, sources, mayServeNothing },
    problems,
  )
  if (routes.length === 0 && problems.length === 0 && !mayServeNothing)
    problems.push(
      applications.length === 0
        ? 'the configuration serves nothing; give app, apps or routes'
        : 'routes: is missing, but there are several applications; say where each answers, as in { path: "/shop", app: "shop" }',
    )
  return { addresses, hints, applications, routes, warnings, environment, files, groups }
}

function tolerateFailures(plan: GroupPlan): GroupPlan {
  return { ...plan, group: { ...plan.group, startAnyway: true } }
}

function resolveAddresses(
  bind: readonly string[],
  { sources }: ResolveOptions,
  problems: string[],
): { addresses: Address[]; hints: string[] } {
  const name = sources.get('bind') ?? 'bind'
  if (bind.length === 0)
    problems.push(`${name}: names no address; write for example 127.0.0.1:8000`)
  const addresses: Address[] = []
  const hints: string[] = []
  for (const text of bind) {
    const whole = expandAddress(text)
    if (whole !== undefined) hints.push(`${name}: ${text} is ${whole} here`)
    const address = parseAddress(whole ?? text)
    if (typeof address === 'string')
      problems.push(`${name}: ${JSON.stringify(text)} is not an address: ${address}`)
    else addresses.push(address)
  }
  return { addresses, hints }
}

// Applications read these themselves, mostly by python-dotenv.
const USUAL_ENV_FILES = ['.env', '.flaskenv']
const WATCH_KEYS = ['reloadDir', 'reloadInclude', 'reloadExclude'] as const
// These apply to the application of the short form only.
const SHORT_FORM_KEYS = ['callable', 'mount', 'interface', 'appDirectory'] as const

function checkShortForm({ config, sources }: ResolveOptions, problems: string[]): void {
  if (config.app === undefined) {
    for (const key of SHORT_FORM_KEYS) {
      const source = sources.get(key)
      if (source !== undefined)
        problems.push(`${source}: needs a TARGET, but there is none; set it in apps and routes`)
    }
  } else if (Object.keys(config.apps).length > 0)
    problems.push(
      `${sources.get('app') ?? 'app'}: the short form has one application only, but apps has others; use one of the two`,
    )
}

function checkFolders({ config, sources }: ResolveOptions, problems: string[]): void {
  const own = config.app === undefined ? undefined : config.appDirectory
  const directories: [string, string | undefined][] = [
    [sources.get('appDirectory') ?? 'appDirectory', own],
  ]
  for (const [name, app] of Object.entries(config.apps))
    directories.push([`apps.${name}.appDirectory`, app.appDirectory])
  for (const directory of config.reloadDir)
    checkFolder(directory, sources.get('reloadDir') ?? 'reloadDir', problems)
  for (const [where, directory] of directories)
    if (directory !== undefined) checkFolder(directory, where, problems)
  for (const key of ['static', 'scripts'] as const)
    for (const [path, root] of Object.entries(config[key]))
      checkFolder(root, `${key} ${path}`, problems)
}

interface Watchable {
  readonly applications: readonly PlacedApplication[]
  readonly routes: readonly RoutePlan[]
  readonly directory: string
}

function selectWatched(
  { reloadDir, reloadInclude: include, reloadExclude: exclude, dev, envFile }: FullConfig,
  { applications, routes, directory }: Watchable,
): WatchPlan {
  const sources = [...new Set(applications.flatMap(listSourceFolders))]
  const folders = reloadDir.length > 0 ? reloadDir : sources
  if (!dev) return { folders, served: [], files: [], dev, include, exclude }
  const files = [...envFile, ...USUAL_ENV_FILES.map((name) => join(directory, name))]
  const served = routes.flatMap(({ answerer }) =>
    answerer.kind === 'static' ? [answerer.plan.root] : [],
  )
  return { folders, served, files, dev, include, exclude }
}

function warnOfUnusedPatterns({ config, sources }: ResolveOptions): string[] {
  if (config.reload || config.dev) return []
  return WATCH_KEYS.filter((key) => config[key].length > 0).map(
    (key) => `${sources.get(key) ?? key} has no effect without --reload or --dev`,
  )
}

function listSourceFolders({ application, folder: place }: PlacedApplication): string[] {
  const folder = findPackage(place)
  const from = importFolder(application)
  const inside = !relative(from, folder).startsWith('..')
  const whole = from === parse(from).root || from === homedir()
  // Watching a root or home folder would watch mostly files that are not sources.
  return inside && !whole ? [from, folder] : [folder]
}

function warnOfQueryNames({ application }: PlacedApplication): string[] {
  if (application.kind !== 'file' || application.callableQueryName === undefined) return []
  const name = application.callableQueryName
  return [
    `apps.${application.name}.callableQueryName: every client can select which callable of ${application.appFilename} runs, with ?${name}=NAME; leave it out unless clients may call all of them`,
  ]
}
