import type { ServerLogger } from '../telemetry/logger.ts'
import type { ServerPlan } from './config/resolved.ts'
import { countReplicas, hasEmbedded } from './divide-plan.ts'
import type { GivenLogs } from './live-logs.ts'
import type { OnReload } from './reload-outcome.ts'
import { findMetrics } from './observers.ts'
import { placeSessions } from './session-folder.ts'
import { ManagedServer, type PlanChanges } from './managed-server.ts'
import type { RunnableServer } from './server.ts'
import { validateInProcess } from './validate-in-process.ts'
import { validateReplicas } from './validate-replicas.ts'

/** How a server runs. */
export interface ServerContext extends GivenLogs {
  readonly logger: ServerLogger
  /** Python may run in this process. False in the process that a user starts, because a crash of Python would end it. */
  readonly inProcess: boolean
  /** Absent: the configuration cannot change. */
  readonly changes?: PlanChanges | undefined
  /** Is told of each reload. */
  readonly onReload?: OnReload | undefined
}

/** Makes the server of a plan: in this process, or in replicas if embedded Python must run in other processes. */
export async function createServer(
  given: ServerPlan,
  context: ServerContext,
): Promise<ManagedServer> {
  const plan = placeSessions(given)
  const { logger, changes, onReload } = context
  let managed: ManagedServer | undefined
  const reconfigure = changes && (async () => await managed?.reload())
  const server = await createInner(plan, context, reconfigure)
  managed = new ManagedServer({ server, plan, changes, logger, onReload })
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
    return new ReplicatedServer(plan, { logger, settings, reconfigure, onReload })
  }
  validateInProcess(plan)
  const { PlannedServer } = await import('./server.ts')
  const metrics = await findMetrics(plan)
  return new PlannedServer(plan, { logger, accessLog, metrics, reconfigure, onReload })
}
