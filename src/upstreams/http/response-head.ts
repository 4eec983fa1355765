import { TaipanError } from '../../core/errors.ts'
import { FieldBlock, type FieldPairs } from '../../core/field-block.ts'
import { createByteTable, HOP_BY_HOP, isFieldValue } from '../../core/field-syntax.ts'
import { trimOws } from '../../core/ows.ts'
import { createResponseHead, type ResponseHead } from '../../core/response-head.ts'

/** A head as undici gives it: names and values in turn, checked by its parser, mostly views of one chunk. */
export interface RawHead {
  readonly status: number
  readonly reason: string
  readonly fields: readonly Buffer[]
}

/** Names that mean something here, by their length, so that most names need not be decoded. */
const NOTED = new Set([...HOP_BY_HOP, 'date', 'server', 'content-length'])
const NOTED_LENGTHS = createByteTable((length) => [...NOTED].some((name) => name.length === length))
const CR = 0x0d
const LF = 0x0a
const COLON = 0x3a
const SPACE = 0x20

/**
 * Makes the head of the response to the client: without the fields of the connection to the upstream. `rewrite` changes other
 * fields. Throws `UPSTREAM_FAILED` for a head that HTTP forbids.
 */
export function createUpstreamHead(
  raw: RawHead,
  rewrite?: (fields: FieldPairs) => FieldPairs,
): ResponseHead {
  const { status } = raw
  if (status > 599)
    throw new TaipanError('UPSTREAM_FAILED', `has answered with the status ${status}`)
  const facts = new HeadFacts()
  const lines = new FieldLines()
  const { fields } = raw
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at]
    const value = fields[at + 1]
    if (name === undefined || value === undefined) break
    if (NOTED_LENGTHS[name.length] === 1 && facts.note(name, value)) continue
    lines.add(name, value)
  }
  const reason = formatReason(status, raw.reason)
  if (rewrite !== undefined || facts.namesFields) return createFromPairs(raw, reason, rewrite)
  const { contentLength, hasDate, hasServer } = facts
  const block = new FieldBlock(lines.end())
  return { status, reason, fields: block, contentLength, hasDate, hasServer, close: false }
}

/** Fields of an interim response. */
export function readPairs(fields: readonly Buffer[]): FieldPairs {
  return fields.map((part) => trimOws(part.toString('latin1')))
}

function createFromPairs(
  { status, fields }: RawHead,
  reason: string,
  rewrite: (fields: FieldPairs) => FieldPairs = (pairs) => pairs,
): ResponseHead {
  try {
    return { ...createResponseHead(status, rewrite(readPairs(fields))), reason, close: false }
  } catch (error) {
    throw broken(error instanceof Error ? error.message : String(error))
  }
}

function formatReason(status: number, reason: string): string {
  if (status === 200 && reason === 'OK') return ''
  // undici has decoded it as UTF-8.
  return isFieldValue(reason) && /^[\x20-\x7e]*$/.test(reason) ? reason : ''
}

/** What the fields of a head tell. */
class HeadFacts {
  contentLength: number | undefined
  hasDate = false
  hasServer = false
  /** `Connection` names fields that are no hop-by-hop fields anyway. */
  namesFields = false
  #chunked = false

  /** Notes a field; returns whether it concerns the connection only. */
  note(nameBytes: Buffer, valueBytes: Buffer): boolean {
    const name = nameBytes.toString('latin1').toLowerCase()
    if (!NOTED.has(name)) return false
    const value = trimOws(valueBytes.toString('latin1'))
    if (name === 'date') this.hasDate = true
    else if (name === 'server') this.hasServer = true
    else if (name === 'content-length') this.#noteLength(value)
    else if (name === 'transfer-encoding') this.#noteCoding(value)
    else if (name === 'connection') this.#noteConnection(value)
    return HOP_BY_HOP.has(name)
  }

  #noteLength(value: string): void {
    if (this.contentLength !== undefined || this.#chunked || !/^[0-9]{1,15}$/.test(value))
      throw broken('its Content-Length is no number, given twice, or beside Transfer-Encoding')
    this.contentLength = Number(value)
  }

  /** Other codings would reach the client as a part of the body. */
  #noteCoding(value: string): void {
    if (this.#chunked || value.toLowerCase() !== 'chunked' || this.contentLength !== undefined)
      throw broken('its Transfer-Encoding is not "chunked", or is beside Content-Length')
    this.#chunked = true
  }

  #noteConnection(value: string): void {
    for (const option of value.toLowerCase().split(',')) {
      const name = trimOws(option)
      if (name !== 'close' && name !== '' && !HOP_BY_HOP.has(name)) this.namesFields = true
    }
  }
}

/** Lines of checked fields. Those that follow one another in a chunk are copied together. */
class FieldLines {
  #text = ''
  #bytes: Buffer | undefined
  #start = 0
  #end = 0

  add(name: Buffer, value: Buffer): void {
    const end = value.byteOffset + value.length
    if (!this.#isLine(name, value)) {
      this.#flush()
      this.#text += `${name.toString('latin1')}: ${trimOws(value.toString('latin1'))}\r\n`
      return
    }
    if (!this.#continues(name)) {
      this.#flush()
      this.#bytes ??= Buffer.from(name.buffer)
      this.#start = name.byteOffset
    }
    this.#end = end
  }

  end(): string {
    this.#flush()
    return this.#text
  }

  /** The two are parts of a line `name: value` in the chunk. */
  #isLine(name: Buffer, value: Buffer): boolean {
    const colon = name.byteOffset + name.length
    if (value.byteOffset !== colon + 2 || name.buffer !== value.buffer) return false
    if (this.#bytes !== undefined && this.#bytes.buffer !== name.buffer) {
      this.#flush()
      this.#bytes = undefined
    }
    this.#bytes ??= Buffer.from(name.buffer)
    return this.#bytes[colon] === COLON && this.#bytes[colon + 1] === SPACE
  }

  /** The line begins where the one before has ended. */
  #continues(name: Buffer): boolean {
    const end = this.#end
    return (
      end > this.#start &&
      name.byteOffset === end + 2 &&
      this.#bytes?.[end] === CR &&
      this.#bytes[end + 1] === LF
    )
  }

  #flush(): void {
    if (this.#end > this.#start && this.#bytes !== undefined)
      this.#text += `${this.#bytes.toString('latin1', this.#start, this.#end)}\r\n`
    this.#start = 0
    this.#end = 0
  }
}

function broken(reason: string): TaipanError {
  return new TaipanError('UPSTREAM_FAILED', `has sent a broken head: ${reason}`)
}
