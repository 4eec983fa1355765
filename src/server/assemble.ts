import type { GroupContext } from '../backends/group/group-backend.ts'
import type { Backend } from '../core/backend.ts'
import { TaipanError } from '../core/errors.ts'
import type { Handler } from '../core/exchange.ts'
import type { Front } from '../core/front.ts'
import type { Logger } from '../core/logger.ts'
import type { ProcessGroup } from '../core/process-group.ts'
import type { SupervisedUpstream, Upstream } from '../core/upstream.ts'
import type { ListenAddress } from '../streams/listening/addresses.ts'
import type { Certificates } from '../streams/tls/given-certificates.ts'
import type { Handshakes } from '../streams/tls/handshakes.ts'
import { createGatherer } from '../pipeline/gather.ts'
import { LocalRedirects } from '../pipeline/local-redirect.ts'
import { guardAnswerer } from '../pipeline/guard/guard-answerer.ts'
import { createFits, narrowAnswerer } from '../pipeline/narrow.ts'
import { createPipeline } from '../pipeline/pipeline.ts'
import { noticeUnasked } from '../pipeline/proxies/notice-unasked.ts'
import type { PageRefresh } from '../pipeline/refresh/page-refresh.ts'
import type { Answerer, Route } from '../pipeline/routes.ts'
import { withKnownHosts } from '../pipeline/known-hosts.ts'
import { withServerTiming } from '../pipeline/server-timing.ts'
import { type AppLoggers, type AppParts, PlannedApp } from './app.ts'
import { choosePythons, type ChosenGroup } from './choose-python.ts'
import type { RoutePlan, ServerPlan } from './config/resolved.ts'
import { createRestMatcher } from './glob.ts'
import { GuardMaker } from './guard-maker.ts'
import { joinObservers } from './observers.ts'
import { createTlsPolicy } from './load-certificates.ts'
import { selectWorkerOptions } from './options/group-options.ts'
import { GENERAL } from './options/table.ts'
import { reportPlan } from './report-plan.ts'
import { PageVersions } from './page-versions.ts'
import { ScriptChecks } from './script-checks.ts'
import type { AnswererContext } from './routes/route-kind.ts'
import { createAnswerer } from './routes/route-kinds.ts'
import { hasOpenTelemetry } from './find-telemetry.ts'
import { SERVER_SOFTWARE, VERSION } from './version.ts'
import { WorkerRights } from './worker-rights.ts'

/** The parts of a server, connected but not started. */
export interface Assembly {
  /** Empty if there is no address to listen on. */
  readonly fronts: readonly Front[]
  readonly app: PlannedApp
}

/** Input of `assembleServer`. */
export interface AssemblyOptions {
  readonly plan: ServerPlan
  readonly loggers: AppLoggers
  /** Addresses or other sources of connections. */
  readonly addresses: readonly ListenAddress[]
  /** Undefined: no address speaks https. */
  readonly certificates: Certificates | undefined
  /** Gets what the fronts receive, for the handler of this app or of a later one. */
  readonly handler: Handler
  /** Addresses that are listened at. */
  readonly listUrls: () => readonly string[]
  readonly rights: WorkerRights
}

/** What is around an app in a server. */
export interface Surroundings {
  readonly findHttpsPort?: () => number | undefined
  readonly rights?: WorkerRights
}

/** Makes every room from the plan and connects them. Rejects as `assembleApp` does. */
export async function assembleServer(options: AssemblyOptions): Promise<Assembly> {
  const { plan, loggers, listUrls, rights } = options
  const surroundings = { findHttpsPort: () => findHttpsPort(listUrls()), rights }
  // The modules of the front are loaded while Python is looked for.
  const [app, fronts] = await Promise.all([
    assembleApp(plan, loggers, surroundings),
    assembleFronts(options),
  ])
  return { fronts, app }
}

/** Makes the fronts of a plan. */
export async function assembleFronts(
  options: Omit<AssemblyOptions, 'rights'>,
): Promise<readonly Front[]> {
  const { plan, loggers, addresses, certificates, handler } = options
  const [{ ListeningFront }, handshakes] = await Promise.all([
    import('../fronts/listening-front.ts'),
    certificates && createHandshakes(plan, certificates),
    loadProtocols(addresses),
  ])
  if (addresses.length === 0) return []
  const front = new ListeningFront({
    addresses,
    handshakes,
    handler,
    limits: plan.limits,
    timeouts: plan.timeouts,
    webSocket: plan.webSocket,
    http2: plan.http.http2,
    serverSoftware: SERVER_SOFTWARE,
    sharesIds: plan.http.requestId,
    logger: loggers.logger,
  })
  return [front]
}

/** Port of the first address that speaks https. */
export function findHttpsPort(urls: readonly string[]): number | undefined {
  const url = urls.find((one) => one.startsWith('https://'))
  return url === undefined ? undefined : Number(new URL(url).port || 443)
}

async function createHandshakes(
  plan: ServerPlan,
  certificates: Certificates,
): Promise<Handshakes | undefined> {
  const { tls } = plan
  if (tls === undefined) return undefined
  const { Handshakes: Made } = await import('../streams/tls/handshakes.ts')
  const handshakes = new Made(certificates.material, createTlsPolicy(tls, plan))
  certificates.onChange = (material) => handshakes.renew(material)
  return handshakes
}

async function loadProtocols(addresses: readonly ListenAddress[]): Promise<void> {
  const { loadProtocol } = await import('../fronts/load-protocol.ts')
  for (const { protocol } of addresses) await loadProtocol(protocol)
}

/** Makes the app of a plan, and logs its warnings. Rejects with `PYTHON_NOT_FOUND` or `CONFIG_INVALID`. */
export async function assembleApp(
  plan: ServerPlan,
  loggers: AppLoggers,
  { findHttpsPort, rights = new WorkerRights() }: Surroundings = {},
): Promise<PlannedApp> {
  const { logger } = loggers
  const accessLog = joinObservers(loggers)
  reportPlan(plan, logger)
  const loading = plan.groups.map(({ group }) => ENGINES[group.engine]())
  const [chosen] = await Promise.all([choosePythons(plan, loggers), ...loading])
  const groups = chosen.map((one) => resolveGroup(one, plan))
  validateInterpreters(groups)
  await rights.provide(groups, plan)
  const backends = await createBackends(groups, { ...loggers, plan, rights })
  const upstreams = new Map<string, Upstream>(backends)
  const programs = new Map<string, SupervisedUpstream>()
  const gatherer = createGatherer({ requestTotal: plan.buffers.requestTotal })
  const redirects = new LocalRedirects(logger)
  const { onScriptChange, onReload } = loggers
  const scripts = new ScriptChecks({ plan, backends, logger, onScriptChange, onReload })
  const context = {
    scripts,
    upstreams,
    backends,
    programs,
    gatherer,
    logger,
    redirects,
    functions: plan.routeFunctions,
    dispatchers: plan.dispatchers,
    lrwp: plan.lrwp,
    serverSoftware: SERVER_SOFTWARE,
    shutdownTimeout: plan.timeouts.shutdown,
    programEnvironment: selectProgramEnvironment(plan.environment),
  }
  const routes = await createRoutes(plan, context)
  const before = await createHttpsRedirect(plan, findHttpsPort)
  const { rootPath } = plan
  const pipeline = createPipeline({ routes, accessLog, rootPath, redirects, before })
  const pages = plan.refresh ? await createPageRefresh(loggers) : undefined
  const shown = plan.dev ? addDevelopment(pipeline, { plan, pages, logger }) : pipeline
  const compressed = plan.compression ? await addCompression(shown) : shown
  const traced = await addTracing(await addHsts(compressed, plan))
  const handler = await addProxies(traced, plan, logger)
  return new PlannedApp({
    plan,
    logger,
    handler,
    backends,
    programs,
    upstreams,
    gatherer,
    scripts,
    reconfigure: loggers.reconfigure,
    onReload,
    pages,
  })
}

/** What `--dev` shows in the browser. */
function addDevelopment(
  handler: Handler,
  { plan, pages, logger }: Pick<AppParts, 'plan' | 'pages' | 'logger'>,
): Handler {
  const timed = withServerTiming(handler)
  const refreshed = pages === undefined ? timed : pages.wrap(timed)
  return withKnownHosts(refreshed, { names: plan.devHosts, others: timed, logger })
}

async function createRoutes(plan: ServerPlan, context: AnswererContext): Promise<Route[]> {
  const routes: Route[] = []
  const guards = new GuardMaker(plan, context)
  for (const route of plan.routes) {
    const { host, path, method: methods, match, answerer, guard: checks } = route
    const matches = match === undefined ? undefined : createRestMatcher(match)
    const fits = createFits({ methods, matches })
    const made = await createAnswerer(answerer, context)
    const admit = checks && (await guards.create(checks)).admit
    const guarded = admit === undefined ? made : guardAnswerer(made, admit)
    const whole = await addErrorPages(guarded, route, context.redirects)
    const answer = narrowAnswerer(whole, fits)
    routes.push({ host, path, answer, guard: admit && { admit, fits } })
  }
  return routes
}

async function addErrorPages(
  answer: Answerer,
  { errorPages }: RoutePlan,
  redirects: LocalRedirects,
): Promise<Answerer> {
  if (errorPages === undefined) return answer
  const { withErrorPages } = await import('../pipeline/error-pages.ts')
  const pages = new Map(Object.entries(errorPages).map(([status, path]) => [Number(status), path]))
  return withErrorPages(answer, { pages, redirects })
}

/** Comes first, because all others see the client that a trusted proxy names. */
async function addProxies(
  handler: Handler,
  { proxies }: ServerPlan,
  logger: Logger,
): Promise<Handler> {
  if (proxies === undefined) return noticeUnasked(handler, logger)
  const { withProxies } = await import('../pipeline/proxies/with-proxies.ts')
  return withProxies(handler, proxies, logger)
}

async function createHttpsRedirect(
  { http }: ServerPlan,
  findPort: (() => number | undefined) | undefined,
): Promise<((handler: Handler) => Handler) | undefined> {
  if (!http.redirect) return undefined
  const { withHttpsRedirect } = await import('../pipeline/https-redirect.ts')
  return (handler) => withHttpsRedirect(handler, findPort)
}

async function addHsts(handler: Handler, { http: { hsts } }: ServerPlan): Promise<Handler> {
  if (hsts === undefined) return handler
  const { withHsts } = await import('../pipeline/hsts.ts')
  return withHsts(handler, hsts)
}

/** Costs nothing where no SDK is registered. */
async function addTracing(handler: Handler): Promise<Handler> {
  if (!hasOpenTelemetry()) return handler
  const { withTracing } = await import('../pipeline/tracing/with-tracing.ts')
  return withTracing(handler, VERSION)
}

async function addCompression(handler: Handler): Promise<Handler> {
  const { withCompression } = await import('../pipeline/compression/compression.ts')
  return withCompression(handler)
}

async function createPageRefresh({ logger, pageVersion }: AppLoggers): Promise<PageRefresh> {
  const { PageRefresh: Pages } = await import('../pipeline/refresh/page-refresh.ts')
  return new Pages(logger, pageVersion ?? new PageVersions().current)
}

interface BackendParts extends AppLoggers {
  readonly plan: ServerPlan
  readonly rights: WorkerRights
}

/** The backends of groups, by name. */
async function createBackends(
  groups: readonly ProcessGroup[],
  { logger, tell, replaceProcess, plan, rights }: BackendParts,
): Promise<Map<string, Backend>> {
  const backends = new Map<string, Backend>()
  for (const group of groups) {
    const createBackend = await (group.preload === true ? loadPreload() : ENGINES[group.engine]())
    const startProcess = rights.find(group, plan)
    const context = { logger, tell, serverSoftware: SERVER_SOFTWARE, startProcess }
    const embedding = group.engine === 'embedded' ? { replaceProcess } : {}
    backends.set(group.name, createBackend(group, { ...context, ...embedding }))
  }
  return backends
}

/** Only what a plan needs is loaded. */
const ENGINES: Readonly<Record<ProcessGroup['engine'], () => Promise<CreateBackend>>> = {
  daemon: async () => (await import('../backends/daemon/daemon-backend.ts')).createDaemonBackend,
  embedded: async () =>
    (await import('../backends/embedded/embedded-backend.ts')).createEmbeddedBackend,
}

async function loadPreload(): Promise<CreateBackend> {
  return (await import('../backends/preload/preload-backend.ts')).createPreloadBackend
}

type CreateBackend = (group: ProcessGroup, context: GroupContext) => Backend

/** Embedded groups must have the same interpreter, because a process has only one. */
function validateInterpreters(groups: readonly ProcessGroup[]): void {
  const [first, ...others] = groups.filter(({ engine }) => engine === 'embedded')
  const other = others.find(({ python }) => python !== first?.python)
  if (first !== undefined && other !== undefined)
    throw new TaipanError(
      'CONFIG_INVALID',
      `groups.${other.name}: its Python is ${other.python}, and that of groups.${first.name} is ${first.python}; both groups are embedded, and a process has one Python only: name it with "python", or give one group the engine "daemon"`,
    )
}

/** What CGI programs get of the environment of the server, which may hold secrets of applications. */
function selectProgramEnvironment({
  PATH,
  LANG,
}: ServerPlan['environment']): Record<string, string> {
  return { PATH: PATH ?? '/usr/local/bin:/usr/bin:/bin', ...(LANG !== undefined && { LANG }) }
}

function resolveGroup({ group, python }: ChosenGroup, { sessions }: ServerPlan): ProcessGroup {
  return {
    ...group,
    python,
    workerOptions: {
      ...selectWorkerOptions(GENERAL, group),
      requestTimeoutName: group.limitNames.request,
      sessions,
    },
  }
}
