import type { Environment } from '../server/config/environment.ts'
import { checkServer, type GroupReport } from '../server/check.ts'
import type { ServerPlan } from '../server/config/resolved.ts'
import { hasEmbedded } from '../server/divide-plan.ts'
import { checkCertificates } from '../server/load-certificates.ts'
import { loadCommandPlan } from '../server/load-plan.ts'
import { reportPlan } from '../server/report-plan.ts'
import { validateReplicas } from '../server/validate-replicas.ts'
import { describeInput, type CommandLine } from './arguments.ts'
import { formatReport } from './check-report.ts'
import { createStderrLogger } from './stderr-logger.ts'

/** `taipan check`: prints its findings, and hints to standard error, as records where logs are JSON. Resolves with the exit code: 0; 3 when an application cannot be loaded; 5 without a Python that supports the wanted engine and event loop. */
export async function runCheck(line: CommandLine, environment: Environment): Promise<number> {
  const plan = await loadCommandPlan({ ...describeInput(line, environment), mayServeNothing: true })
  if (hasEmbedded(plan)) validateReplicas(plan)
  const doubts = await checkCertificates(plan)
  printHints({ ...plan, warnings: [...plan.warnings, ...doubts] })
  const reports = await checkServer(plan)
  process.stdout.write(
    line.json ? `${JSON.stringify(reports, undefined, 2)}\n` : formatReport(reports),
  )
  const applications = reports.flatMap((report) => report.applications)
  if (!applications.every(({ loads }) => loads)) return 3
  return reports.every(isRunnable) ? 0 : 5
}

function printHints(plan: ServerPlan): void {
  if (plan.log.format === 'json') {
    reportPlan(plan, createStderrLogger())
    return
  }
  for (const hint of plan.hints) process.stderr.write(`hint: ${hint}\n`)
  for (const warning of plan.warnings) process.stderr.write(`warning: ${warning}\n`)
}

function isRunnable({ engine, embedding, loop }: GroupReport): boolean {
  return loop.available && (engine === 'daemon' || embedding.embeddable)
}
