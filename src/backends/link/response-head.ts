import type { ResponseHead } from '../../core/response-head.ts'
import { FrameFlag } from '../../wire/frames.ts'

const LENGTH_BYTES = 8
const CR = 0x0d
const LF = 0x0a

/** What a HEAD frame says in its first bytes. */
export interface HeadFacts {
  readonly status: number
  readonly flags: number
}

/** The head that a HEAD frame holds; the worker has checked its lines. Throws when the frame is cut. */
export function parseResponseHead(
  frame: HeadFacts,
  chunk: Buffer,
  start: number,
  end: number,
): ResponseHead {
  const { flags } = frame
  const reasonStart = start + LENGTH_BYTES
  let reasonEnd = reasonStart
  while (reasonEnd < end && chunk[reasonEnd] !== CR) reasonEnd++
  if (reasonEnd + 1 >= end || chunk[reasonEnd + 1] !== LF)
    throw new Error('a HEAD frame has no reason line')
  return {
    status: frame.status,
    reason: parseReason(frame.status, chunk, reasonStart, reasonEnd),
    fields: chunk.toString('latin1', reasonEnd + 2, end),
    contentLength: flags & FrameFlag.HEAD_LENGTH ? parseLength(chunk, start) : undefined,
    hasDate: (flags & FrameFlag.HEAD_DATE) !== 0,
    hasServer: (flags & FrameFlag.HEAD_SERVER) !== 0,
    close: (flags & FrameFlag.HEAD_CLOSE) !== 0,
  }
}

/** The same for a frame of an event loop, whose payload begins with the status. */
export function parseStreamHead(
  flags: number,
  chunk: Buffer,
  start: number,
  end: number,
): ResponseHead {
  const status = chunk.readUInt16LE(start)
  return parseResponseHead({ status, flags }, chunk, start + 2, end)
}

function parseReason(status: number, chunk: Buffer, start: number, end: number): string {
  // The usual phrase of the usual status needs no string of its own.
  if (status === 200 && end - start === 2 && chunk[start] === 0x4f && chunk[start + 1] === 0x4b)
    return ''
  return chunk.toString('latin1', start, end)
}

function parseLength(chunk: Buffer, at: number): number {
  return chunk.readUInt32LE(at) + chunk.readUInt32LE(at + 4) * 0x1_0000_0000
}
