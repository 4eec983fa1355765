import { FieldBlock } from '../../core/field-block.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import { FrameFlag } from '../../wire/frames.ts'

const LENGTH_BYTES = 8
// Status, flags, Content-Length and the length of the lines.
const ANSWER_BYTES = 2 + 1 + LENGTH_BYTES + 4
// Larger bodies are not decoded to text.
const TEXT_BYTES = 16 * 1024

/** Fields from the header of a HEAD frame. */
export interface HeadFacts {
  /** HTTP status. */
  readonly tag: number
  readonly flags: number
}

/** A complete response. */
export interface Answer {
  readonly head: ResponseHead
  /** Text has one character per byte. */
  readonly body: Uint8Array | string
}

/** Parses the head in a HEAD frame; the worker has checked the lines. Throws for a truncated frame. */
export function parseResponseHead(
  frame: HeadFacts,
  chunk: Buffer,
  start: number,
  end: number,
): ResponseHead {
  const lines = chunk.toString('latin1', start + LENGTH_BYTES, end)
  return createHead(frame, lines, parseLength(chunk, start))
}

/** The same for a frame of an event loop, whose payload begins with the status. */
export function parseStreamHead(
  flags: number,
  chunk: Buffer,
  start: number,
  end: number,
): ResponseHead {
  const status = chunk.readUInt16LE(start)
  return parseResponseHead({ tag: status, flags }, chunk, start + 2, end)
}

/** Parses the response in an ANSWER frame. Throws for a truncated frame. */
export function parseAnswer(chunk: Buffer, start: number, end: number): Answer {
  const status = chunk.readUInt16LE(start)
  const flags = chunk.readUInt8(start + 2)
  const linesStart = start + ANSWER_BYTES
  const linesBytes = chunk.readUInt32LE(linesStart - 4)
  const bodyStart = linesStart + linesBytes
  const length = parseLength(chunk, start + 3)
  // Decodes lines and body together, because one call is cheaper than two for short texts.
  const isText = end - bodyStart <= TEXT_BYTES
  const text = chunk.toString('latin1', linesStart, isText ? end : bodyStart)
  const head = createHead({ tag: status, flags }, text.slice(0, linesBytes), length)
  return { head, body: isText ? text.slice(linesBytes) : chunk.subarray(bodyStart, end) }
}

/** The first of `lines` is the reason. */
function createHead(
  { tag: status, flags }: HeadFacts,
  lines: string,
  length: number,
): ResponseHead {
  const reasonEnd = lines.indexOf('\r\n')
  if (reasonEnd < 0) throw new Error('a head has no reason line')
  const reason = lines.slice(0, reasonEnd)
  return {
    status,
    // Status 200 with its standard phrase is the usual case.
    reason: status === 200 && reason === 'OK' ? '' : reason,
    fields: new FieldBlock(lines.slice(reasonEnd + 2)),
    contentLength: flags & FrameFlag.HEAD_LENGTH ? length : undefined,
    hasDate: (flags & FrameFlag.HEAD_DATE) !== 0,
    hasServer: (flags & FrameFlag.HEAD_SERVER) !== 0,
    close: (flags & FrameFlag.HEAD_CLOSE) !== 0,
    standsIn: (flags & FrameFlag.HEAD_STANDS_IN) !== 0,
    explains: (flags & FrameFlag.HEAD_EXPLAINS) !== 0,
  }
}

function parseLength(chunk: Buffer, at: number): number {
  return chunk.readUInt32LE(at) + chunk.readUInt32LE(at + 4) * 0x1_0000_0000
}
