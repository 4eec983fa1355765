import { TaipanError } from '../core/errors.ts'
import type { ServerLogger } from '../telemetry/logger.ts'
import type { App, PlannedApp } from './app.ts'
import { assembleApp } from './assemble.ts'
import type { ServerPlan } from './config/resolved.ts'
import { reportFindings } from './report-findings.ts'
import { resolveLibraryPlan } from './library-plan.ts'
import { openLogs } from './open-logs.ts'
import { placeSessions } from './session-folder.ts'
import type { TaipanConfig } from './options/schema.ts'
import { countReplicas } from './divide-plan.ts'
import { validateInProcess } from './validate-in-process.ts'

/** Options of `createApp`: those of `serve` without addresses. */
export type AppOptions = Omit<TaipanConfig, 'bind'>

/**
 * Makes an app: what `serve` serves, but without listening. Its `handler` answers exchanges of any front; `start` loads the
 * applications. Options for connections (`limits`, `webSocket`, the `timeouts` for clients) have no effect, because they
 * belong to fronts. Rejects with a `TaipanError`, leaving nothing behind. With `engine: 'embedded'` Python runs in this
 * process.
 *
 * @example
 * ```ts
 * await using app = await createApp({ app: 'shop.wsgi:application' })
 * await app.start()
 * ```
 */
export async function createApp(options: AppOptions): Promise<App> {
  const { plan, settings } = resolveLibraryPlan(options)
  const { logger, accessLog } = await openLogs(settings)
  try {
    validateApp(options, plan)
    return closeWith(await assembleApp(placeSessions(plan), { logger, accessLog }), plan, logger)
  } catch (error) {
    await logger.close()
    throw error
  }
}

function validateApp(options: AppOptions, plan: ServerPlan): void {
  // JavaScript callers have no types.
  if (Reflect.get(options, 'bind') !== undefined)
    throw new TaipanError(
      'CONFIG_INVALID',
      'bind: an app does not listen; leave it out, or use serve()',
    )
  const processes = countReplicas(plan)
  if (processes > 1)
    throw new TaipanError(
      'CONFIG_INVALID',
      `processes: an app runs embedded Python in this process, so there can be only one, found ${processes}; leave it out, use serve(), or the engine "daemon"`,
    )
  validateInProcess(plan)
}

function closeWith(app: PlannedApp, plan: ServerPlan, logger: ServerLogger): App {
  const start = async (): Promise<void> => {
    try {
      await app.start()
      reportFindings(plan, app, logger)
    } catch (error) {
      await logger.close()
      throw error
    }
  }
  const stop = async (): Promise<void> => {
    try {
      await app.stop()
    } finally {
      await logger.close()
    }
  }
  return {
    handler: app.handler,
    start,
    stop,
    reload: () => app.reload(),
    [Symbol.asyncDispose]: stop,
  }
}
