import type { Environment } from '../server/config/environment.ts'
import { checkServer, type GroupReport } from '../server/check.ts'
import { loadCommandPlan } from '../server/load-plan.ts'
import type { CommandLine } from './arguments.ts'
import { formatReport } from './check-report.ts'

/** `taipan check`: prints what was found, and resolves with 0, 3 (an application does not load) or 5 (no Python, or not for the engine or the loop asked for). */
export async function runCheck(line: CommandLine, environment: Environment): Promise<number> {
  const { layer, config } = line
  const plan = await loadCommandPlan({ layer, config, environment, mayServeNothing: true })
  for (const warning of plan.warnings) process.stderr.write(`warning: ${warning}\n`)
  const reports = await checkServer(plan)
  process.stdout.write(
    line.json ? `${JSON.stringify(reports, undefined, 2)}\n` : formatReport(reports),
  )
  const applications = reports.flatMap((report) => report.applications)
  if (!applications.every(({ loads }) => loads)) return 3
  return reports.every(isRunnable) ? 0 : 5
}

function isRunnable({ engine, embedding, loop }: GroupReport): boolean {
  return loop.available && (engine === 'daemon' || embedding.embeddable)
}
