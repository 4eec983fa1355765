import { answerError } from '../../core/answer-error.ts'
import type { Logger } from '../../core/logger.ts'
import type { ClientSettings } from './upstream-clients.ts'

/** Makes what sends the files that answers name, from these folders only; undefined without any. */
export async function createFileSender(
  folders: readonly string[],
  logger: Logger,
): Promise<ClientSettings['onNamedFile']> {
  if (folders.length === 0) return undefined
  const { NamedFiles } = await import('../../pipeline/static/named-files.ts')
  const files = new NamedFiles(folders)
  return (exchange, file) =>
    void files.send(exchange, file).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error)
      logger.error({ request: exchange.id, reason }, 'a file that an answer names cannot be sent')
      answerError(exchange, 'UPSTREAM_FAILED')
    })
}
