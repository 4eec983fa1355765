import type { FileHandle } from 'node:fs/promises'
import { answerError } from '../../core/answer-error.ts'
import { TaipanError } from '../../core/errors.ts'
import type { Exchange, RequestBody } from '../../core/exchange.ts'
import { createTextHead } from '../../core/response-head.ts'
import { spoolBody } from './spooled-body.ts'

/** Bytes of a body without a length that are kept in memory. */
const MEMORY_BYTES = 64 * 1024

/**
 * The whole body of an exchange, for protocols that name its length first. Undefined if the exchange is answered: the body is
 * too long, or it has broken off.
 */
export async function waitForLength(
  exchange: Exchange,
  rule: 'spool' | 411 | 413,
): Promise<RequestBody | undefined> {
  let file: FileHandle | undefined
  // What the file has been good for ends with the exchange, at the latest.
  exchange.onFinish(() => void file?.close())
  try {
    const body = await spoolBody(exchange.body, {
      memory: MEMORY_BYTES,
      usesFile: rule === 'spool',
      onFile: (opened) => {
        file = opened
        if (exchange.response.finished) void opened.close()
      },
    })
    if (body === undefined) refuse(exchange, rule === 411 ? 411 : 413)
    return exchange.response.finished ? undefined : body
  } catch (error) {
    answerError(exchange, error instanceof TaipanError ? error.code : 'INTERNAL')
    return undefined
  }
}

function refuse(exchange: Exchange, status: 411 | 413): void {
  if (status === 413) {
    answerError(exchange, 'BODY_TOO_LARGE')
    return
  }
  const text = 'Length Required\n'
  exchange.response.send(createTextHead(411, text.length), text)
}
