import { randomBytes } from 'node:crypto'
import { homedir } from 'node:os'
import { dirname, join, parse } from 'node:path'
import { pathBelow } from '../../core/path-below.ts'
import { importFolder } from '../../core/application.ts'
import { parseHostRule } from '../../pipeline/route-host.ts'
import { Problems, type OptionPath, type OptionSources } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import { loadEnvFiles } from './env-file.ts'
import { listApplicationVariables, type Environment } from './environment.ts'
import { listHandedSockets } from './handed-sockets.ts'
import { hasIndependentRoutes } from './independent-routes.ts'
import { isolateApplications } from './isolate.ts'
import type { PlacedApplication } from './placed-application.ts'
import { resolveAddresses } from './resolve-addresses.ts'
import { checkLog } from './check-log.ts'
import { resolveControl } from './resolve-control.ts'
import { resolveMetrics, warnOfOpenMetrics } from './resolve-metrics.ts'
import { warnOfOpenDevelopment } from './open-development.ts'
import { resolveApplications } from './resolve-apps.ts'
import { listIdentityVariables, resolveServerAccount } from './resolve-confinement.ts'
import { addDispatch, resolveDispatch } from './resolve-dispatch.ts'
import { resolveGuards } from './resolve-guards.ts'
import { selectDispatchers, selectRouteFunctions } from './route-functions.ts'
import { resolveGroups } from './resolve-groups.ts'
import { resolveServices } from './resolve-services.ts'
import { resolveLrwp } from './resolve-lrwp.ts'
import { resolveProxies } from './resolve-proxies.ts'
import { resolveRoutes } from './resolve-routes.ts'
import { resolveTls, secureAddresses, warnOfUnusedTls } from './resolve-tls.ts'
import type { GroupPlan, RoutePlan, ServerPlan, WatchPlan } from './resolved.ts'
import { findPackage, locateTarget } from './target.ts'

/** A valid configuration, and where it comes from. */
export interface ResolveOptions {
  readonly config: FullConfig
  readonly sources: OptionSources
  /** Folder for relative targets, and working directory of workers. */
  readonly directory: string
  readonly configFile?: string | undefined
  /** What it is called in messages. */
  readonly configName?: string | undefined
  readonly environment: Environment
  /** Id of this process; sockets of systemd for another process are not used. */
  readonly pid?: number | undefined
  /** A configuration without applications is valid and gets an empty group. */
  readonly mayServeNothing?: boolean
}

/** Converts a configuration to the plan of a server. Throws one error with all problems. */
export function resolveServer(options: ResolveOptions): ServerPlan {
  const { config, directory, configFile } = options
  const problems = createProblems(options)
  const parts = resolveParts(options, problems)
  const { addresses, hints, applications, routes, warnings, environment, groups } = parts
  if (problems.size > 0) throw problems.createError()
  // What is refused at the start may be allowed later.
  const hasOwners = groups.some(({ group }) => group.scriptOwner !== undefined)
  const startAnyway = config.reload || config.dev || hasOwners
  // A group that cannot be loaded does not keep the others from starting.
  const servesOthers = groups.length > 1 || hasIndependentRoutes(routes)
  return {
    addresses,
    tls: parts.tls,
    http: config.http,
    proxies: parts.proxies,
    groups: [
      ...(startAnyway || servesOthers ? groups.map(tolerateFailures) : groups),
      ...parts.services.groups,
    ],
    cron: parts.services.jobs,
    routes,
    routeFunctions: selectRouteFunctions(config.routes),
    dispatchers: selectDispatchers(config.apps),
    secret: randomBytes(32).toString('hex'),
    rootPath: config.rootPath,
    limits: config.limits,
    timeouts: config.timeouts,
    buffers: config.buffers,
    webSocket: config.webSocket,
    sessions: config.sessions,
    lrwp: parts.lrwp,
    control: parts.control,
    metrics: parts.metrics,
    temporaryFolder: undefined,
    log: config.log,
    umask: config.umask,
    account: parts.account,
    dev: config.dev,
    devHosts: config.devHost,
    refresh: config.dev && config.refresh,
    compression: config.compression,
    reload: config.reload || config.dev,
    // What watches files sees more of them.
    scriptReloading: config.scriptReloading && !config.reload && !config.dev,
    startAnyway,
    watched: selectWatched(config, { applications, routes, directory }),
    configFile,
    hints,
    warnings: [
      ...warnings,
      ...parts.openMetrics,
      ...warnOfUnusedTls(config, addresses),
      ...warnOfOpenDevelopment(config, addresses),
      ...warnOfUnusedPatterns(config, problems),
      ...applications.flatMap(warnOfQueryNames),
    ],
    directory,
    environment,
    envFiles: config.envFile,
  }
}

/** The problems of a configuration besides those that its schema finds. */
export function listServerProblems(options: ResolveOptions): Problems {
  const problems = createProblems(options)
  // A missing environment file is an error of its own.
  resolveParts({ ...options, config: { ...options.config, envFile: [] } }, problems)
  return problems
}

function createProblems({ sources, configName }: ResolveOptions): Problems {
  return new Problems(sources, configName)
}

function resolveParts(options: ResolveOptions, problems: Problems) {
  const { config, directory, mayServeNothing = false } = options
  const sockets = listHandedSockets(options.environment, options.pid)
  const { addresses: places, hints } = resolveAddresses(config.bind, sockets, problems)
  const addresses = secureAddresses(places, config, problems)
  const tls = resolveTls(config, addresses, problems)
  const { applications, everything, routes, warnings } = resolvePlaces(options, problems)
  const lrwp = resolveLrwp(config, routes, problems)
  const account = resolveServerAccount(config, problems)
  const control = resolveControl(config, problems)
  const proxies = resolveProxies(config, problems)
  const metrics = resolveMetrics(config, problems)
  checkLog(config, problems)
  for (const host of config.devHost) problems.check(['devHost'], () => parseHostRule(host))
  checkShortForm(config, problems)
  checkFolders(config, problems)
  checkDataFiles(config, routes, problems)
  const environment = {
    ...listApplicationVariables(options.environment),
    ...listIdentityVariables({ account }, {}),
  }
  const files = loadEnvFiles(config.envFile, environment)
  const sources = {
    config,
    applications: everything,
    environment: files.variables,
    directory,
    mayServeNothing,
  }
  const groups = resolveGroups(sources, problems)
  const services = resolveServices(sources, problems)
  if (routes.length === 0 && problems.size === 0 && !mayServeNothing) {
    if (applications.length === 0)
      problems.add([], 'the configuration serves nothing; give app, apps or routes')
    else
      problems.add(
        ['routes'],
        'is missing, but there are several applications; say where each answers, as in { path: "/shop", app: "shop" }',
      )
  }
  return {
    addresses,
    hints,
    applications,
    routes,
    warnings: [...files.warnings, ...warnings],
    environment,
    groups,
    services,
    lrwp,
    proxies,
    tls,
    account,
    control,
    metrics,
    openMetrics: warnOfOpenMetrics(metrics, config, problems),
  }
}

/** What runs in the groups, and where it answers. */
function resolvePlaces({ config, directory }: ResolveOptions, problems: Problems) {
  const placed = resolveApplications(config, directory, problems)
  const applications = isolateApplications(placed, config, problems)
  const guards = resolveGuards(config, { applications, directory }, problems)
  const { routes, warnings } = resolveRoutes(config, { applications, guards, directory }, problems)
  const guarded = [...applications, ...guards.applications]
  const dispatch = resolveDispatch(config, { applications: guarded, directory }, problems)
  return {
    applications,
    everything: [...guarded, ...dispatch.applications],
    routes: addDispatch(routes, dispatch),
    warnings,
  }
}

function tolerateFailures(plan: GroupPlan): GroupPlan {
  return { ...plan, group: { ...plan.group, startAnyway: true } }
}

// Applications read these themselves, mostly by python-dotenv.
const USUAL_ENV_FILES = ['.env', '.flaskenv']
const WATCH_KEYS = ['reloadDir', 'reloadInclude', 'reloadExclude'] as const
// These apply to the application of the short form only.
const SHORT_FORM_KEYS = ['callable', 'mount', 'interface', 'appDirectory'] as const

function checkShortForm(config: FullConfig, problems: Problems): void {
  if (config.app === undefined) {
    for (const key of SHORT_FORM_KEYS)
      if (problems.sourceOf([key]) !== undefined)
        problems.add([key], 'needs a TARGET, but there is none; set it in apps and routes')
  } else if (Object.keys(config.apps).length > 0)
    problems.add(
      ['app'],
      'the short form has one application only, but apps has others; use one of the two',
    )
}

function checkFolders(config: FullConfig, problems: Problems): void {
  const places = Object.entries(config.apps).map(([name, app]) => ({ path: ['apps', name], app }))
  for (const { path, app } of [
    { path: [], app: config.app === undefined ? {} : config },
    ...places,
  ])
    if (app.appDirectory !== undefined)
      problems.checkFolder([...path, 'appDirectory'], app.appDirectory)
  for (const folder of config.reloadDir) problems.checkFolder(['reloadDir'], folder)
  for (const option of ['static', 'scripts'] as const)
    for (const [path, folder] of Object.entries(config[option]))
      problems.checkFolder([option, path], folder)
}

/** A file with data of scripts must have a folder, and not be sent to clients. */
function checkDataFiles(
  { sessions, routes: given }: FullConfig,
  routes: readonly RoutePlan[],
  problems: Problems,
): void {
  const roots = routes.flatMap(({ answerer }) =>
    'root' in answerer.plan ? (answerer.plan.root ?? []) : [],
  )
  checkDataFile(sessions.store, { where: ['sessions', 'store'], roots }, problems)
  for (const [index, { pools = {} }] of given.entries())
    for (const [name, source] of Object.entries(pools))
      checkDataFile(source, { where: ['routes', String(index), 'pools', name], roots }, problems)
}

function checkDataFile(
  source: string,
  { where, roots }: { readonly where: OptionPath; readonly roots: readonly string[] },
  problems: Problems,
): void {
  const file = /^sqlite:(.*)/s.exec(source)?.[1]
  if (file === undefined || file === ':memory:') return
  problems.checkFolder(where, dirname(file))
  const root = roots.find((one) => pathBelow(one, file) !== undefined)
  if (root !== undefined)
    problems.add(where, `${file} would be sent to clients, like all files in ${root}`)
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
  const programs = routes.flatMap(({ answerer }) =>
    answerer.kind === 'upstream' ? (answerer.plan.program?.directory ?? []) : [],
  )
  const sources = [...new Set([...applications.flatMap(listSourceFolders), ...programs])]
  const folders = reloadDir.length > 0 ? reloadDir : sources
  const scripts = routes
    .flatMap(({ answerer: { kind, plan } }) =>
      kind !== 'static' && 'root' in plan ? (plan.root ?? []) : [],
    )
    .filter((root) => !reloadDir.includes(root))
  if (!dev) return { folders, served: [], scripts, files: [], dev, include, exclude }
  const files = [...envFile, ...USUAL_ENV_FILES.map((name) => join(directory, name))]
  const served = routes.flatMap(({ answerer }) =>
    answerer.kind === 'static' ? [answerer.plan.root] : [],
  )
  return { folders, served, scripts, files, dev, include, exclude }
}

function warnOfUnusedPatterns(config: FullConfig, problems: Problems): string[] {
  if (config.reload || config.dev) return []
  return WATCH_KEYS.filter((key) => config[key].length > 0).map(
    (key) => `${problems.nameOf([key])} has no effect without --reload or --dev`,
  )
}

function listSourceFolders({ application, folder: place }: PlacedApplication): string[] {
  if (application.kind === 'scripts' && !application.isHandler)
    return application.handlers.map((target) => locateTarget(target, application.directory))
  const folder = findPackage(place)
  const from = importFolder(application)
  const inside = pathBelow(from, folder) !== undefined
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
