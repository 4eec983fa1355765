import type { AccessLog } from '../pipeline/access-log.ts'
import type { ServerLogger } from '../telemetry/logger.ts'
import { isServed, type ApplicationFinding, type Findings } from '../core/backend.ts'
import { formatCount } from '../core/format-count.ts'
import type { GroupPlan, ServerPlan } from './config/resolved.ts'
import { countReplicas, hasEmbedded } from './divide-plan.ts'
import type { LogSettings } from '../replicas/messages.ts'
import { openObservers } from './observers.ts'
import { placeSessions } from './session-folder.ts'
import { ManagedServer } from './managed-server.ts'
import type { RunnableServer } from './server.ts'
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
}

/** Makes the server of a plan: in this process, or in replicas if embedded Python must run in other processes. */
export async function createServer(
  given: ServerPlan,
  context: ServerContext,
): Promise<ManagedServer> {
  const plan = placeSessions(given)
  const server = await createInner(plan, context)
  return new ManagedServer({
    server,
    control: plan.control,
    metrics: plan.metrics,
    logger: context.logger,
  })
}

async function createInner(
  plan: ServerPlan,
  { logger, accessLog, settings, inProcess }: ServerContext,
): Promise<RunnableServer> {
  const count = countReplicas(plan)
  if (hasEmbedded(plan) && (!inProcess || count > 1)) {
    validateReplicas(plan)
    const { ReplicatedServer } = await import('./replicated-server.ts')
    return new ReplicatedServer(plan, count, { logger, settings })
  }
  const { PlannedServer } = await import('./server.ts')
  return new PlannedServer(plan, { logger, ...(await openObservers(plan, accessLog)) })
}

/** The findings of a started server. */
export type Served = Pick<RunnableServer, 'findings' | 'failures'>

/** Logs for each application how it is served, or why it is not. */
export function reportFindings(plan: ServerPlan, served: Served, logger: ServerLogger): void {
  for (const { group } of plan.groups) {
    const findings = served.findings[group.name]
    const failure = served.failures[group.name]
    if (failure !== undefined)
      for (const { name } of group.applications) reportUnserved(name, failure.message, logger)
    else if (findings !== undefined)
      for (const finding of findings.applications)
        if (!isServed(finding)) reportUnserved(finding.name, finding.failure, logger)
        else reportFinding({ group, findings, finding, several: plan.groups.length > 1 }, logger)
  }
}

interface ServedApplication {
  readonly group: GroupPlan['group']
  readonly findings: Findings
  readonly finding: ApplicationFinding
  /** There are several groups. */
  readonly several: boolean
}

function reportUnserved(application: string, reason: string, logger: ServerLogger): void {
  const text = `${application}: not served, answered with 503 and tried again: ${reason}`
  logger.warn({ application, reason }, text)
}

function reportFinding(
  { group, findings, finding, several }: ServedApplication,
  logger: ServerLogger,
): void {
  const { engine, processes, scaling, threads, mainThread } = group
  const { name: application, interface: called, found } = finding
  const asgi = called === 'asgi'
  const loop = asgi ? findings.loop : undefined
  const facts = {
    application,
    ...(several && { group: group.name }),
    interface: called,
    found,
    engine,
    processes,
    ...(scaling && { scaling }),
    ...(asgi ? { loop } : { threads: mainThread ? 'main' : threads }),
    python: findings.python,
  }
  const way = asgi ? `loop ${loop ?? 'asyncio'}` : describeThreads(group)
  const what = `${called.toUpperCase()} application${found === '' ? '' : ` (${found})`}`
  logger.info(
    facts,
    `${application}: ${what}, ${engine}, ${describeProcesses(group)}, ${way}, Python ${findings.python}`,
  )
  for (const note of finding.notes) logger.info({ application }, `${application}: ${note}`)
}

function describeProcesses({ processes, scaling }: GroupPlan['group']): string {
  if (scaling === undefined) return formatCount(processes, 'process')
  return `${scaling.min} to ${formatCount(scaling.max, 'process')}`
}

function describeThreads({ threads, mainThread }: GroupPlan['group']): string {
  if (mainThread) return 'main thread'
  return threads === 0 ? "on Node's thread" : `${formatCount(threads, 'thread')} each`
}
