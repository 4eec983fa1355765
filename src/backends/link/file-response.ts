import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'

import type { Exchange } from '../../core/exchange.ts'
import type { FileSpan } from '../../core/send-file.ts'
import { sendFileSpan } from '../../core/send-file.ts'

/** What a FILE frame names: a descriptor of the worker, and a part of the file behind it. */
export interface FileOffer extends FileSpan {
  readonly descriptor: number
}

/** Reads the payload of a FILE frame. */
export function parseFileOffer(chunk: Buffer, start: number): FileOffer {
  return {
    descriptor: chunk.readUInt32LE(start),
    offset: Number(chunk.readBigUInt64LE(start + 4)),
    length: Number(chunk.readBigUInt64LE(start + 12)),
  }
}

/** Opens the file behind a worker's descriptor; undefined when this cannot be done here or it is not a regular file that holds the part. */
export async function openOffered(pid: number, offer: FileOffer): Promise<FileHandle | undefined> {
  if (process.platform !== 'linux') return undefined
  let file: FileHandle | undefined
  try {
    // O_NONBLOCK: a descriptor that turned into a FIFO must not hold one of libuv's threads.
    const flags = constants.O_RDONLY | constants.O_NONBLOCK
    file = await open(`/proc/${pid}/fd/${offer.descriptor}`, flags)
    const facts = await file.stat()
    if (facts.isFile() && offer.offset + offer.length <= facts.size) return file
  } catch {
    // The worker sends the bytes itself then.
  }
  if (file !== undefined) await closeFile(file)
  return undefined
}

/** Sends the rest of a response from an open file, ends or aborts it, and closes the file. */
export async function answerFromFile(
  exchange: Exchange,
  file: FileHandle,
  span: FileSpan,
): Promise<void> {
  try {
    if (exchange.request.method !== 'HEAD') await sendFileSpan(exchange, file, span)
    exchange.response.end()
  } catch (error) {
    exchange.response.abort(error instanceof Error ? error : new Error(String(error)))
  } finally {
    await closeFile(file)
  }
}

/** Closes a file that was only read; a failure has no consequence. */
export async function closeFile(file: FileHandle): Promise<void> {
  try {
    await file.close()
  } catch {
    // Nothing was written that could be lost.
  }
}
