import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { answerError } from '../../core/answer-error.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { ScriptFacts } from '../../core/upstream.ts'
import { decodeLatin1 } from '../../wire/percent.ts'
import type { FilteredFile } from './address-client.ts'
import { SpooledBody } from './spooled-body.ts'

// Without O_NONBLOCK, opening a FIFO waits for a writer.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY
/** It was there when the path was looked up. */
const GONE = new Set<unknown>(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENXIO'])

/** Opens the file that a request names, for a filter. Undefined if the exchange is answered, because it cannot be read. */
export async function openFiltered(
  exchange: Exchange,
  script: ScriptFacts | undefined,
): Promise<FilteredFile | undefined> {
  try {
    const file = await open(decodeLatin1(script?.filename ?? ''), FLAGS)
    exchange.onFinish(() => void file.close())
    const facts = await file.stat()
    if (exchange.response.finished) return undefined
    if (facts.isFile())
      return {
        length: facts.size,
        modified: Math.floor(facts.mtimeMs / 1000),
        read: () => new SpooledBody([], file, facts.size),
      }
    answerError(exchange, 'NOT_FOUND')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    answerError(exchange, GONE.has(code) ? 'NOT_FOUND' : 'INTERNAL')
  }
  return undefined
}
