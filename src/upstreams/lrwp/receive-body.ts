import type { FileHandle } from 'node:fs/promises'
import type { RequestBody } from '../../core/exchange.ts'
import { spoolBody } from '../gateway/spooled-body.ts'

/** A body that has arrived as a whole. */
export interface ReceivedBody {
  readonly body: RequestBody
  /** Gives back what it takes outside of memory; must be called when nobody wants it any more. */
  release(): void
}

/** Bytes that are kept in memory; the rest goes to a temporary file. */
const MEMORY_BYTES = 64 * 1024

/** Resolves when a body has arrived, so that no client can make a peer wait for it. Rejects with the reason why it never will. */
export async function receiveBody(body: RequestBody): Promise<ReceivedBody> {
  if (body.complete) return { body, release: () => {} }
  let file: FileHandle | undefined
  const release = (): void => void file?.close()
  const onFile = (opened: FileHandle): void => {
    file = opened
  }
  try {
    const spooled = await spoolBody(body, { memory: MEMORY_BYTES, usesFile: true, onFile })
    return { body: spooled ?? body, release }
  } catch (error) {
    release()
    throw error
  }
}
