import type { AccessLog } from '../pipeline/access-log.ts'
import type { ServerLogger } from '../telemetry/logger.ts'
import type { ServerPlan } from './config/resolved.ts'
import { countReplicas, hasEmbedded } from './divide-plan.ts'
import type { LogSettings } from '../replicas/messages.ts'
import type { OnReload } from './reload-outcome.ts'
import { openObservers } from './observers.ts'
import { placeSessions } from './session-folder.ts'
import { ManagedServer } from './managed-server.ts'
import type { RunnableServer } from './server.ts'
import { validateInProcess } from './validate-in-process.ts'
import { validateReplicas } from './validate-replicas.ts'

/** How a server runs. */
export interface ServerContext {
  readonly logger: ServerLogger
  /** Undefined: requests are not logged. */
  readonly accessLog: AccessLog | undefined
  /** Settings of the logs. */
  readonly settings: LogSettings
  /** Python may run in this process. False in the process that a user starts, because a crash of Python would end it. */
  readonly inProcess: boolean
  /** Loads the plan anew at a reload, if it may have changed. */
  readonly loadPlan?: () => Promise<ServerPlan>
  /** Is told of each reload. */
  readonly onReload?: OnReload | undefined
}

/** Makes the server of a plan: in this process, or in replicas if embedded Python must run in other processes. */
export async function createServer(
  given: ServerPlan,
  context: ServerContext,
): Promise<ManagedServer> {
  const plan = placeSessions(given)
  const { logger, loadPlan, onReload } = context
  let managed: ManagedServer | undefined
  const reconfigure = loadPlan && (async () => await managed?.reload())
  const server = await createInner(plan, context, reconfigure)
  managed = new ManagedServer({ server, plan, loadPlan, logger, onReload })
  return managed
}

async function createInner(
  plan: ServerPlan,
  { logger, accessLog, settings, inProcess, onReload }: ServerContext,
  reconfigure: (() => Promise<void>) | undefined,
): Promise<RunnableServer> {
  const count = countReplicas(plan)
  if (hasEmbedded(plan) && (!inProcess || count > 1)) {
    validateReplicas(plan)
    const { ReplicatedServer } = await import('./replicated-server.ts')
    return new ReplicatedServer(plan, count, { logger, settings, reconfigure, onReload })
  }
  validateInProcess(plan)
  const { PlannedServer } = await import('./server.ts')
  const observers = await openObservers(plan, accessLog)
  return new PlannedServer(plan, { logger, reconfigure, onReload, ...observers })
}
