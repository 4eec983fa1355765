import { createDaemonBackend } from '../backends/daemon/daemon-backend.ts'
import { findPython } from '../backends/discover/find-python.ts'
import type { Backend } from '../core/backend.ts'
import type { ProcessGroup } from '../core/process-group.ts'
import { HttpFront } from '../fronts/http/http-front.ts'
import { createApplicationAnswerer } from '../pipeline/application.ts'
import { createGatherer } from '../pipeline/gather.ts'
import { createPipeline } from '../pipeline/pipeline.ts'
import { createRedirectAnswerer } from '../pipeline/redirect.ts'
import type { Answerer, Route } from '../pipeline/routes.ts'
import { createStaticAnswerer } from '../pipeline/static/static-files.ts'
import type { GroupPlan, RoutePlan, ServerPlan } from './config/resolved.ts'
import type { ServerLoggers } from './server.ts'
import { VERSION } from './version.ts'

/** The parts of a server, put together and not started. */
export interface Assembly {
  readonly front: HttpFront
  readonly backends: readonly Backend[]
}

const SERVER_SOFTWARE = `taipan/${VERSION}`

/** Makes every room from the plan and connects them. Rejects with `PYTHON_NOT_FOUND` or `CONFIG_INVALID`. */
export async function assembleServer(plan: ServerPlan, loggers: ServerLoggers): Promise<Assembly> {
  const { logger, accessLog } = loggers
  const groups = await Promise.all(plan.groups.map((group) => resolvePython(group, plan)))
  const backends = new Map(
    groups.map((group) => [
      group.name,
      createDaemonBackend(group, { logger, serverSoftware: SERVER_SOFTWARE }),
    ]),
  )
  const routes = createRoutes(plan, backends, loggers)
  const handler = createPipeline({ routes, accessLog })
  const front = new HttpFront({
    addresses: plan.addresses,
    handler,
    limits: plan.limits,
    timeouts: plan.timeouts,
    webSocket: plan.webSocket,
    serverSoftware: SERVER_SOFTWARE,
    logger,
  })
  return { front, backends: [...backends.values()] }
}

/** Chooses the interpreter of a group. */
async function resolvePython(plan: GroupPlan, server: ServerPlan): Promise<ProcessGroup> {
  const choice = await findPython({
    explicit: plan.python,
    directory: plan.pythonDirectory,
    cwd: server.directory,
    environment: server.environment,
  })
  return { ...plan.group, python: choice.path }
}

function createRoutes(
  plan: ServerPlan,
  backends: ReadonlyMap<string, Backend>,
  { logger }: ServerLoggers,
): Route[] {
  const gatherers = new Map(
    plan.groups.map(({ group }) => [
      group.name,
      createGatherer({
        request: group.buffers.request,
        requestTotal: plan.buffers.requestTotal,
      }),
    ]),
  )
  const createAnswerer = ({ answerer }: RoutePlan): Answerer => {
    if (answerer.kind === 'redirect') return createRedirectAnswerer(answerer)
    if (answerer.kind === 'static') return createStaticAnswerer({ ...answerer, logger })
    const backend = backends.get(answerer.group)
    const gatherer = gatherers.get(answerer.group)
    if (backend === undefined || gatherer === undefined)
      throw new Error(`no group ${answerer.group}`)
    return createApplicationAnswerer({ backend, application: answerer.app, gatherer })
  }
  return plan.routes.map((route) => ({
    host: route.host,
    path: route.path,
    answer: createAnswerer(route),
  }))
}
