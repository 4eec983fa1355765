import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'

import type { Exchange } from '../../core/exchange.ts'
import type { FileSpan } from '../../core/send-file.ts'
import { sendFileSpan } from '../../core/send-file.ts'

/** Content of a FILE frame: a descriptor of the worker, and a part of its file. */
export interface FileOffer extends FileSpan {
  readonly descriptor: number
}

/** Parses the payload of a FILE frame. */
export function parseFileOffer(chunk: Buffer, start: number): FileOffer {
  return {
    descriptor: chunk.readUInt32LE(start),
    offset: Number(chunk.readBigUInt64LE(start + 4)),
    length: Number(chunk.readBigUInt64LE(start + 12)),
  }
}

/** Opens the file of a worker's descriptor; undefined if that is not possible, or if it is not a regular file with that part. */
export async function openOffered(pid: number, offer: FileOffer): Promise<FileHandle | undefined> {
  if (process.platform !== 'linux') return undefined
  let file: FileHandle | undefined
  try {
    // With O_NONBLOCK a descriptor that is now a FIFO does not block a thread of libuv.
    const flags = constants.O_RDONLY | constants.O_NONBLOCK
    file = await open(`/proc/${pid}/fd/${offer.descriptor}`, flags)
    const facts = await file.stat()
    if (facts.isFile() && offer.offset + offer.length <= facts.size) return file
  } catch {
    // Then the worker sends the bytes itself.
  }
  if (file !== undefined) await closeFile(file)
  return undefined
}

/** Sends a part of an open file, ends or aborts the response, and closes the file. */
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

/** Closes a file that was only read, so a failure does not matter. */
export async function closeFile(file: FileHandle): Promise<void> {
  try {
    await file.close()
  } catch {
    // Nothing was written.
  }
}
