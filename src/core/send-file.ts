import type { FileHandle } from 'node:fs/promises'

import { TaipanError } from './errors.ts'
import type { Exchange } from './exchange.ts'

/** A part of a file, in bytes. */
export interface FileSpan {
  readonly offset: number
  readonly length: number
}

const PIECE_BYTES = 128 * 1024

/**
 * Writes a part of an open file to the response, one piece at a time. The response must have begun; the caller ends it
 * and closes the file. Resolves early when the client disconnects. Rejects when the file cannot be read or is too short;
 * the caller then aborts the response. Uses `response.onDrain` while it runs.
 */
export async function sendFileSpan(
  exchange: Pick<Exchange, 'response' | 'onFinish'>,
  file: FileHandle,
  span: FileSpan,
): Promise<void> {
  const { response } = exchange
  let wake: (() => void) | undefined
  const proceed = (): void => wake?.()
  exchange.onFinish(proceed)
  response.onDrain = proceed
  let offset = span.offset
  const end = span.offset + span.length
  while (offset < end && !response.finished) {
    const piece = await readPiece(file, offset, Math.min(PIECE_BYTES, end - offset))
    offset += piece.length
    if (response.write(piece) || response.finished) continue
    await new Promise<void>((resolve) => {
      wake = resolve
    })
    wake = undefined
  }
  response.onDrain = undefined
}

async function readPiece(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(length)
  const { bytesRead } = await file.read(buffer, 0, length, offset)
  if (bytesRead === 0)
    throw new TaipanError('INTERNAL', `the file ends at byte ${offset}, before all of it was sent`)
  return bytesRead === length ? buffer : buffer.subarray(0, bytesRead)
}
