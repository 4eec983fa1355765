import { createLogger, type ServerLogger } from '../telemetry/logger.ts'
import { resolveColors } from '../telemetry/palette.ts'
import { createServer, reportFindings } from './create-server.ts'
import { resolveConfigPlan } from './load-plan.ts'
import type { TaipanConfig } from './options/schema.ts'
import type { Server } from './server.ts'

/** What `serve` takes: a configuration, or its short form with `app`. */
export type ServeOptions = TaipanConfig

/**
 * Serves Python applications; resolves when requests can be answered. Relative paths count from the working directory.
 * Warnings and errors are logged to standard error, requests only with `log: { access: true }`.
 * Rejects with a `TaipanError`, and then nothing listens and nothing runs. With `engine: 'embedded'` and one process Python
 * runs in this very process.
 *
 * @example
 * ```ts
 * await using server = await serve({ app: 'shop.wsgi:application', bind: '127.0.0.1:0' })
 * console.log(server.urls)
 * ```
 */
export async function serve(options: ServeOptions): Promise<Server> {
  const { environment, cwd } = readProcess()
  const plan = resolveConfigPlan(options, { environment, cwd })
  const { level = 'warn', format, access = false } = plan.log
  const colors = resolveColors(environment, process.stderr.isTTY)
  const logger = createLogger({ level, format, destination: 2, colors })
  const settings = { level, format, colors, access: access && logger.isEnabled('info') }
  const server = createServer(plan, { logger, settings, inProcess: true })
  try {
    await server.start()
    reportFindings(plan, server, logger)
  } catch (error) {
    await logger.close()
    throw error
  }
  return closeWith(server, logger)
}

/** Environment and working directory of this process. */
export function readProcess(): {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cwd: string
} {
  return { environment: process.env, cwd: process.cwd() }
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
