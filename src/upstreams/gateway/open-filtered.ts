import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { answerError } from '../../core/answer-error.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { ScriptFacts } from '../../core/upstream.ts'
import { decodeLatin1 } from '../../wire/percent.ts'
import type { FilteredFile } from './address-client.ts'
import { SpooledBody } from './spooled-body.ts'

// Without O_NONBLOCK, opening a FIFO waits for a writer.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY

/** Opens the file that a request names, for a filter. Undefined if the exchange is answered, because it cannot be read. */
export async function openFiltered(
  exchange: Exchange,
  script: ScriptFacts | undefined,
): Promise<FilteredFile | undefined> {
  try {
    const file = await open(decodeLatin1(script?.filename ?? ''), FLAGS)
    closeWith(exchange, file)
    const { size, mtimeMs } = await file.stat()
    if (exchange.response.finished) return undefined
    return { body: new SpooledBody([], file, size), modified: Math.floor(mtimeMs / 1000) }
  } catch {
    // It was there when the path was looked up.
    answerError(exchange, 'NOT_FOUND')
    return undefined
  }
}

function closeWith(exchange: Exchange, file: FileHandle): void {
  exchange.onFinish(() => void file.close())
}
