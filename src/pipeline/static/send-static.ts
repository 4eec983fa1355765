import { randomBytes } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { TaipanError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { FieldBlock } from '../../core/field-block.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import { sendFileSpan } from '../../core/send-file.ts'
import { readField } from '../field-values.ts'
import { formatHttpDate } from '../../wire/http-date.ts'
import { allowsRange, evaluatePreconditions } from './preconditions.ts'
import { parseRanges, type ByteRange, type RangeResult } from './ranges.ts'
import type { StaticFile } from './static-folder.ts'

/** A representation of a file. */
export interface Representation {
  readonly file: StaticFile
  readonly contentType: string
  /** Content-Encoding; undefined for the plain file. */
  readonly coding: string | undefined
  /** Header lines of every response about this file (Vary, Cache-Control ...). */
  readonly commonLines: string
}

const SMALL_BYTES = 64 * 1024
const NOTHING = new Uint8Array(0)

/** Answers GET or HEAD with a file, according to preconditions and ranges. Does not close the file. */
export async function sendRepresentation(
  exchange: Exchange,
  representation: Representation,
): Promise<void> {
  const { fields, method } = exchange.request
  const { size, validators } = representation.file
  const result = evaluatePreconditions(fields, validators)
  if (result === 'not-modified') return sendEmpty(exchange, 304, describeVersion(representation))
  if (result === 'failed') return sendEmpty(exchange, 412, representation.commonLines)
  const range = method === 'GET' ? readField(fields, 'range') : undefined
  const ranges: RangeResult =
    range !== undefined && allowsRange(fields, validators) ? parseRanges(range, size) : 'whole'
  if (ranges === 'whole') return await sendWhole(exchange, representation)
  if (ranges === 'unsatisfiable')
    return sendEmpty(
      exchange,
      416,
      `${representation.commonLines}Content-Range: bytes */${size}\r\n`,
    )
  return await sendPartial(exchange, representation, ranges)
}

/** A response head from lines that are known to be valid. */
function createStaticHead(status: number, lines: string, length?: number): ResponseHead {
  const text = length === undefined ? lines : `${lines}Content-Length: ${length}\r\n`
  return {
    status,
    reason: '',
    fields: new FieldBlock(text),
    contentLength: length,
    hasDate: false,
    hasServer: false,
    close: false,
  }
}

/** Sends a response without a body. */
export function sendEmpty(exchange: Exchange, status: number, lines: string): void {
  const length = status === 204 || status === 304 ? undefined : 0
  exchange.response.send(createStaticHead(status, lines, length), NOTHING)
}

function describeVersion({ file, commonLines }: Representation): string {
  const { etag, lastModified } = file.validators
  return `ETag: ${etag}\r\nLast-Modified: ${formatHttpDate(lastModified)}\r\n${commonLines}`
}

function describeContent(representation: Representation, contentType: string): string {
  const coding =
    representation.coding === undefined ? '' : `Content-Encoding: ${representation.coding}\r\n`
  return `Content-Type: ${contentType}\r\n${coding}${describeVersion(representation)}Accept-Ranges: bytes\r\n`
}

async function sendWhole(exchange: Exchange, representation: Representation): Promise<void> {
  const { file, contentType } = representation
  const head = createStaticHead(200, describeContent(representation, contentType), file.size)
  if (exchange.request.method === 'HEAD') exchange.response.send(head, NOTHING)
  else await sendSpan(exchange, file.handle, { head, span: { offset: 0, length: file.size } })
}

async function sendPartial(
  exchange: Exchange,
  representation: Representation,
  ranges: readonly ByteRange[],
): Promise<void> {
  const [span, second] = ranges
  if (span === undefined || second !== undefined)
    return await sendMultipart(exchange, representation, ranges)
  const { file, contentType } = representation
  const lines = `${describeContent(representation, contentType)}${formatContentRange(span, file.size)}`
  await sendSpan(exchange, file.handle, { head: createStaticHead(206, lines, span.length), span })
}

async function sendSpan(
  exchange: Exchange,
  handle: FileHandle,
  part: { readonly head: ResponseHead; readonly span: ByteRange },
): Promise<void> {
  const { response } = exchange
  if (part.span.length <= SMALL_BYTES) {
    response.send(part.head, await readSpan(handle, part.span))
    return
  }
  response.begin(part.head)
  await sendFileSpan(exchange, handle, part.span)
  response.end()
}

/** Sends several parts as multipart/byteranges (RFC 9110, 14.6). */
async function sendMultipart(
  exchange: Exchange,
  representation: Representation,
  ranges: readonly ByteRange[],
): Promise<void> {
  const { file, contentType } = representation
  const boundary = randomBytes(16).toString('hex')
  const parts = ranges.map((span) => ({
    span,
    head: Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: ${contentType}\r\n${formatContentRange(span, file.size)}\r\n`,
    ),
  }))
  const close = Buffer.from(`\r\n--${boundary}--\r\n`)
  const length = parts.reduce(
    (sum, { head, span }) => sum + head.length + span.length,
    close.length,
  )
  const type = `multipart/byteranges; boundary=${boundary}`
  const { response } = exchange
  response.begin(createStaticHead(206, describeContent(representation, type), length))
  for (const { head, span } of parts) {
    response.write(head)
    await sendFileSpan(exchange, file.handle, span)
  }
  response.write(close)
  response.end()
}

function formatContentRange({ offset, length }: ByteRange, size: number): string {
  return `Content-Range: bytes ${offset}-${offset + length - 1}/${size}\r\n`
}

async function readSpan(handle: FileHandle, { offset, length }: ByteRange): Promise<Uint8Array> {
  if (length === 0) return NOTHING
  const buffer = Buffer.allocUnsafe(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, offset + done)
    if (bytesRead === 0)
      throw new TaipanError('INTERNAL', 'the file became shorter while it was read')
    done += bytesRead
  }
  return buffer
}
