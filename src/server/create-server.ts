import type { ServerLogger } from '../telemetry/logger.ts'
import type { ServerPlan } from './config/resolved.ts'
import { countReplicas, hasEmbedded } from './replicas/divide-plan.ts'
import type { LogSettings } from './replicas/messages.ts'
import { ReplicatedServer } from './replicas/replicated-server.ts'
import { PlannedServer, type RunnableServer } from './server.ts'

/** How a server is run. */
export interface ServerSurroundings {
  readonly logger: ServerLogger
  /** How `logger` writes. */
  readonly settings: LogSettings
  /** Whether Python may run in this very process: not in the one that a person started, which has to survive it. */
  readonly inProcess: boolean
}

/** Makes the server of a plan: in this process, or in replicas when embedded Python is to run in others. */
export function createServer(plan: ServerPlan, surroundings: ServerSurroundings): RunnableServer {
  const { logger, settings, inProcess } = surroundings
  const count = countReplicas(plan)
  if (hasEmbedded(plan) && (!inProcess || count > 1))
    return new ReplicatedServer(plan, count, { logger, settings })
  return new PlannedServer(plan, { logger, accessLog: settings.access ? logger : undefined })
}

/** Says what the applications turned out to be, and how they are run. */
export function reportFindings(
  plan: ServerPlan,
  server: Pick<RunnableServer, 'findings'>,
  logger: ServerLogger,
): void {
  for (const { group } of plan.groups) {
    const findings = server.findings[group.name]
    if (findings === undefined) continue
    const { engine, processes, threads, name } = group
    for (const { name: application, interface: called, found, failure } of findings.applications) {
      const asgi = called === 'asgi'
      const loop = asgi ? findings.loop : undefined
      const facts = {
        application,
        ...(plan.groups.length > 1 && { group: name }),
        interface: called,
        found,
        engine,
        processes,
        ...(asgi ? { loop } : { threads }),
        python: findings.python,
      }
      const way = asgi ? `loop ${loop ?? 'asyncio'}` : describeThreads(threads)
      const what = `${called.toUpperCase()} application${found === '' ? '' : ` (${found})`}`
      logger.info(
        facts,
        `${application}: ${failure === '' ? what : 'not loaded yet, its next request tries again'}, ${engine}, ${count(processes, 'process')}, ${way}, Python ${findings.python}`,
      )
    }
  }
}

function describeThreads(threads: number): string {
  return threads === 0 ? "on Node's thread" : `${count(threads, 'thread')} each`
}

function count(number: number, noun: string): string {
  const plural = noun.endsWith('s') ? `${noun}es` : `${noun}s`
  return `${number} ${number === 1 ? noun : plural}`
}
