import type { ServerLogger } from '../telemetry/logger.ts'
import { createServer } from './create-server.ts'
import { reportFindings } from './report-findings.ts'
import { resolveLibraryPlan } from './library-plan.ts'
import { openLogs } from './open-logs.ts'
import type { TaipanConfig } from './options/schema.ts'
import type { Server } from './server.ts'

/** Options of `serve`: a configuration, or its short form with `app`. */
export type ServeOptions = TaipanConfig

/**
 * Serves Python applications; resolves when requests can be answered. Relative paths start at the working directory.
 * Warnings and errors are logged to standard error, requests only with `log: { access: true }`.
 * Rejects with a `TaipanError`, leaving nothing behind. With `engine: 'embedded'` and one process, Python runs in this
 * process.
 *
 * @example
 * ```ts
 * await using server = await serve({ app: 'shop.wsgi:application', bind: '127.0.0.1:0' })
 * console.log(server.urls)
 * ```
 */
export async function serve(options: ServeOptions): Promise<Server> {
  const { plan, settings } = resolveLibraryPlan(options)
  const logs = await openLogs(settings)
  const { logger } = logs
  try {
    const server = await createServer(plan, { ...logs, settings, inProcess: true })
    await server.start()
    reportFindings(plan, server, logger)
    return closeWith(server, logger)
  } catch (error) {
    await logger.close()
    throw error
  }
}

function closeWith(server: Server, logger: ServerLogger): Server {
  const stop = async (): Promise<void> => {
    try {
      await server.stop()
    } finally {
      await logger.close()
    }
  }
  return {
    urls: server.urls,
    stop,
    reload: () => server.reload(),
    [Symbol.asyncDispose]: stop,
  }
}
