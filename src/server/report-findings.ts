import { OwnedScripts } from '../backends/group/owned-scripts.ts'
import { isServed, type ApplicationFinding, type Findings } from '../core/backend.ts'
import { formatCount } from '../core/format-count.ts'
import type { ServerLogger } from '../telemetry/logger.ts'
import type { GroupPlan, ServerPlan } from './config/resolved.ts'
import type { Served } from './served.ts'

/** Logs for each application how it is served, or why it is not. */
export function reportFindings(plan: ServerPlan, served: Served, logger: ServerLogger): void {
  for (const { group } of plan.groups) {
    const findings = served.findings[group.name]
    const failure = served.failures[group.name]
    if (failure !== undefined)
      for (const { name } of group.applications)
        reportUnserved({ group, name, reason: failure.message }, logger)
    else if (findings !== undefined)
      for (const finding of findings.applications)
        if (!isServed(finding))
          reportUnserved({ group, name: finding.name, reason: finding.failure }, logger)
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

interface UnservedApplication {
  readonly group: GroupPlan['group']
  readonly name: string
  readonly reason: string
}

function reportUnserved(unserved: UnservedApplication, logger: ServerLogger): void {
  const { name: application, reason } = unserved
  const status = isForeign(unserved) ? 403 : 503
  const text = `${application}: not served, answered with ${status} and tried again: ${reason}`
  logger.warn({ application, reason }, text)
}

/** Whether it is the script of somebody else. */
function isForeign({ group, name: application }: UnservedApplication): boolean {
  const { scriptOwner: owner, applications } = group
  return owner !== undefined && new OwnedScripts(owner, applications).refuses({ application })
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
