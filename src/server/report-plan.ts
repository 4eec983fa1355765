import type { Logger } from '../core/logger.ts'
import type { Application } from '../core/application.ts'
import type { PythonChoice } from '../backends/discover/find-python.ts'
import type { GroupPlan, ServerPlan } from './config/resolved.ts'
import { nameTarget } from './config/target.ts'

const MOST_NAMED = 5

/** Logs the hints and warnings of a plan. */
export function reportPlan({ hints, warnings }: ServerPlan, logger: Logger): void {
  for (const hint of hints) logger.info({}, hint)
  for (const warning of warnings) logger.warn({}, warning)
}

/** Logs what a group begins to load, and with which Python. */
export function reportLoading(
  { group: { applications } }: GroupPlan,
  { path: python, version }: PythonChoice,
  logger: Logger,
): void {
  if (applications.length === 0) return
  logger.info(
    { python, version },
    `loading ${nameTargets(applications)} with ${python} (${version})`,
  )
}

/** What applications are loaded from, as far as that fits a line. */
export function nameTargets(applications: readonly Application[]): string {
  const names = applications
    .slice(0, MOST_NAMED)
    .map((application) =>
      application.kind === 'target'
        ? nameTarget(application.target, application.directory)
        : application.kind === 'file'
          ? application.appFilename
          : application.name,
    )
  const others = applications.length - names.length
  return others > 0 ? `${names.join(', ')} and ${others} more` : names.join(', ')
}
