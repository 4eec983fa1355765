/** An answer as received. */
export interface RawResponse {
  readonly version: string
  readonly status: number
  readonly reason: string
  /** Pairs as sent. */
  readonly fields: readonly (readonly [string, string])[]
  readonly body: Buffer
  /** Body as latin-1. */
  readonly text: string
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  /** False if the connection ended before the body did. */
  readonly complete: boolean
  readonly trailers: readonly (readonly [string, string])[]
  /** Statuses of the 1xx answers before this one. */
  readonly interim: readonly number[]
  /** First value of a field; undefined if absent. */
  header(name: string): string | undefined
  /** All values of a field. */
  headers(name: string): string[]
}

/** The server sent something that is not an HTTP/1 answer. */
export class ResponseSyntaxError extends Error {
  constructor(message: string, bytes: Uint8Array) {
    const shown = JSON.stringify(Buffer.from(bytes.subarray(0, 400)).toString('latin1'))
    super(`${message}: ${shown}`)
    this.name = 'ResponseSyntaxError'
  }
}

interface Found {
  readonly response: RawResponse
  readonly used: number
}

const STATUS_LINE = /^HTTP\/(1\.[01]) ([1-5][0-9][0-9]) ([\t\x20-\x7e\x80-\xff]*)$/
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/
// oxlint-disable-next-line no-control-regex -- these are the bytes that a value must not contain
const FORBIDDEN = /[\x00-\x08\x0a-\x1f\x7f]/

/** Position in the chunks of an answer, to continue there next time. */
export class ChunkProgress {
  /** Start of the next chunk; 0 before the first. */
  position = 0
  /** Start and end of the chunks before it. */
  readonly spans: (readonly [number, number])[] = []
}

/** What is known besides the bytes. */
export interface ParseOptions {
  readonly method: string
  /** No more bytes will arrive: a truncated body makes an incomplete answer. */
  readonly ended: boolean
  /** Of earlier attempts for the same answer, with fewer bytes. */
  readonly progress?: ChunkProgress
}

/** The first answer in `bytes`; undefined while it is incomplete. */
export function parseResponse(
  bytes: Buffer,
  { method, ended, progress = new ChunkProgress() }: ParseOptions,
): Found | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const match = STATUS_LINE.exec(statusLine)
  if (match === null) throw new ResponseSyntaxError('no status line', bytes)
  const fields = lines.map((line) => parseField(line, bytes))
  const head = { version: match[1] ?? '', status: Number(match[2]), reason: match[3] ?? '', fields }
  const body = parseBody({ bytes, start: headEnd + 4, method, ended, progress, ...head })
  if (body === undefined) return undefined
  return { used: body.used, response: createResponse(head, body) }
}

interface Head {
  readonly version: string
  readonly status: number
  readonly reason: string
  readonly fields: readonly (readonly [string, string])[]
}

interface Body {
  readonly body: Buffer
  readonly used: number
  readonly framing: RawResponse['framing']
  readonly complete: boolean
  readonly trailers: RawResponse['trailers']
}

interface BodyInput extends Head {
  readonly bytes: Buffer
  readonly start: number
  readonly method: string
  readonly ended: boolean
  readonly progress: ChunkProgress
}

function createResponse(head: Head, found: Body): RawResponse {
  const headers = (name: string): string[] =>
    head.fields
      .filter(([key]) => key.toLowerCase() === name.toLowerCase())
      .map(([, value]) => value)
  const { body, framing, complete, trailers } = found
  return {
    ...head,
    body,
    framing,
    complete,
    trailers,
    interim: [],
    headers,
    header: (name) => headers(name)[0],
    get text() {
      return body.toString('latin1')
    },
  }
}

function parseField(line: string, bytes: Buffer): readonly [string, string] {
  const match = FIELD_LINE.exec(line)
  if (match === null || FORBIDDEN.test(line))
    throw new ResponseSyntaxError(`bad field ${JSON.stringify(line)}`, bytes)
  return [match[1] ?? '', match[2] ?? '']
}

function parseBody(input: BodyInput): Body | undefined {
  const { bytes, start, status, method, fields, ended } = input
  const values = (name: string): string[] =>
    fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
  const lengths = values('content-length')
  const codings = values('transfer-encoding')
  if (lengths.length > 1) throw new ResponseSyntaxError('two Content-Length', bytes)
  if (lengths.some((value) => !/^[0-9]+$/.test(value)))
    throw new ResponseSyntaxError('bad Content-Length', bytes)
  if (lengths.length > 0 && codings.length > 0)
    throw new ResponseSyntaxError('Content-Length with Transfer-Encoding', bytes)
  if (codings.length > 0 && codings.join() !== 'chunked')
    throw new ResponseSyntaxError('bad Transfer-Encoding', bytes)
  if (status < 200 || status === 204) {
    if (lengths.length + codings.length > 0)
      throw new ResponseSyntaxError('framing where none may be', bytes)
  }
  if (status === 304 && codings.length > 0)
    throw new ResponseSyntaxError('304 with Transfer-Encoding', bytes)
  if (codings.length > 0 && input.version === '1.0')
    throw new ResponseSyntaxError('chunks in 1.0', bytes)
  const nothing = { body: Buffer.alloc(0), used: start, complete: true, trailers: [] }
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD')
    return { ...nothing, framing: 'none' }
  if (codings.length > 0) return parseChunked(input)
  if (lengths.length > 0) return parseSized(bytes, start, { length: Number(lengths[0]), ended })
  if (!ended) return undefined
  return { ...nothing, body: bytes.subarray(start), used: bytes.length, framing: 'close' }
}

function parseSized(
  bytes: Buffer,
  start: number,
  { length, ended }: { length: number; ended: boolean },
): Body | undefined {
  const complete = bytes.length - start >= length
  if (!complete && !ended) return undefined
  const used = Math.min(start + length, bytes.length)
  return { body: bytes.subarray(start, used), used, framing: 'length', complete, trailers: [] }
}

function parseChunked({ bytes, start, ended, progress }: BodyInput): Body | undefined {
  const { spans } = progress
  let position = progress.position || start
  const join = (last: readonly Buffer[] = []): Buffer =>
    Buffer.concat([...spans.map(([from, to]) => bytes.subarray(from, to)), ...last])
  const cut = (last?: Buffer): Body | undefined =>
    ended
      ? {
          body: join(last && [last]),
          used: bytes.length,
          framing: 'chunked',
          complete: false,
          trailers: [],
        }
      : undefined
  while (position <= bytes.length) {
    const lineEnd = bytes.indexOf('\r\n', position)
    if (lineEnd < 0) return cut()
    const line = bytes.toString('latin1', position, lineEnd)
    if (!/^[0-9a-fA-F]{1,15}$/.test(line))
      throw new ResponseSyntaxError(
        `bad chunk size ${JSON.stringify(line)}`,
        bytes.subarray(position),
      )
    const size = Number.parseInt(line, 16)
    if (size === 0) return parseTrailers(bytes, lineEnd + 2, join) ?? cut()
    const end = lineEnd + 2 + size
    if (bytes.length < end + 2) return cut(bytes.subarray(lineEnd + 2, end))
    if (bytes.toString('latin1', end, end + 2) !== '\r\n')
      throw new ResponseSyntaxError('no CRLF behind a chunk', bytes.subarray(position))
    spans.push([lineEnd + 2, end])
    position = end + 2
    progress.position = position
  }
  return cut()
}

function parseTrailers(bytes: Buffer, start: number, join: () => Buffer): Body | undefined {
  const trailers: (readonly [string, string])[] = []
  let position = start
  for (let i = 0; i < 1000; i++) {
    const lineEnd = bytes.indexOf('\r\n', position)
    if (lineEnd < 0) return undefined
    if (lineEnd === position)
      return { body: join(), used: lineEnd + 2, framing: 'chunked', complete: true, trailers }
    trailers.push(parseField(bytes.toString('latin1', position, lineEnd), bytes))
    position = lineEnd + 2
  }
  throw new ResponseSyntaxError('endless trailers', bytes)
}
