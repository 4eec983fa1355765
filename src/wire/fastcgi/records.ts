import type { ErrorCode } from '../../core/errors.ts'
import { TaipanError } from '../../core/errors.ts'

/** Length of the header of a record. */
export const RECORD_HEADER_BYTES = 8
/** Most content of a record. */
export const RECORD_CONTENT_LIMIT = 0xffff

/** Types of records (FastCGI 1.0, 8). */
export const RecordType = {
  BEGIN_REQUEST: 1,
  ABORT_REQUEST: 2,
  END_REQUEST: 3,
  PARAMS: 4,
  STDIN: 5,
  STDOUT: 6,
  STDERR: 7,
  DATA: 8,
  GET_VALUES: 9,
  GET_VALUES_RESULT: 10,
  UNKNOWN_TYPE: 11,
} as const

/** Header of the record that is being delivered. */
export interface RecordHead {
  readonly type: number
  /** Request id; 0 in management records. */
  readonly id: number
  /** Content of the whole record, in bytes. */
  readonly length: number
}

/** Receives records from a decoder. */
export interface RecordSink {
  /**
   * The content is `chunk` from `start` to `end`. That of streams (PARAMS to DATA) comes in pieces as it arrives, and
   * only the record that ends a stream is empty; other records come whole. `head` is valid during the call only.
   */
  onRecord(head: RecordHead, chunk: Buffer, start: number, end: number): void
}

/**
 * Splits a byte stream into records (FastCGI 1.0, 3.3). Holds at most the content of one record. `push` throws an error of
 * the code that it was made with when the other side speaks another protocol; do not call it again after that.
 */
export class RecordDecoder implements RecordHead {
  type = 0
  id = 0
  length = 0
  readonly #sink: RecordSink
  readonly #code: ErrorCode
  readonly #header = Buffer.alloc(RECORD_HEADER_BYTES)
  #headerFilled = 0
  #content = 0
  #padding = 0
  #parts: Buffer[] = []

  constructor(sink: RecordSink, code: ErrorCode) {
    this.#sink = sink
    this.#code = code
  }

  /** Nothing of another record has arrived after the last whole one. */
  get between(): boolean {
    return this.#headerFilled === 0 && this.#content === 0 && this.#padding === 0
  }

  /** Accepts the next bytes and calls the sink for each record or piece. */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#content > 0) at = this.#takeContent(chunk, at)
      else if (this.#padding > 0) at = this.#skipPadding(chunk, at)
      else at = this.#takeHeader(chunk, at)
    }
  }

  #takeHeader(chunk: Buffer, at: number): number {
    const taken = Math.min(RECORD_HEADER_BYTES - this.#headerFilled, chunk.length - at)
    chunk.copy(this.#header, this.#headerFilled, at, at + taken)
    this.#headerFilled += taken
    if (this.#headerFilled < RECORD_HEADER_BYTES) return at + taken
    this.#headerFilled = 0
    this.#parseHeader()
    if (this.#content === 0) this.#sink.onRecord(this, chunk, at, at)
    return at + taken
  }

  #parseHeader(): void {
    const version = this.#header.readUInt8(0)
    if (version !== 1)
      throw new TaipanError(this.#code, `a FastCGI record has version ${version}; only 1 is known`)
    this.type = this.#header.readUInt8(1)
    this.id = this.#header.readUInt16BE(2)
    this.length = this.#content = this.#header.readUInt16BE(4)
    this.#padding = this.#header.readUInt8(6)
  }

  #takeContent(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#content)
    this.#content -= end - at
    const whole = this.#content === 0
    if (isStream(this.type) || (whole && this.#parts.length === 0)) {
      this.#sink.onRecord(this, chunk, at, end)
      return end
    }
    this.#parts.push(chunk.subarray(at, end))
    if (whole) {
      const content = Buffer.concat(this.#parts)
      this.#parts = []
      this.#sink.onRecord(this, content, 0, content.length)
    }
    return end
  }

  #skipPadding(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#padding)
    this.#padding -= end - at
    return end
  }
}

function isStream(type: number): boolean {
  return type >= RecordType.PARAMS && type <= RecordType.DATA
}

/** A record; its content is padded to 8 bytes. */
export function formatRecord(type: number, id: number, content?: Uint8Array): Buffer {
  const length = content?.length ?? 0
  if (length > RECORD_CONTENT_LIMIT)
    throw new TaipanError(
      'INTERNAL',
      `a FastCGI record would hold ${length} bytes, more than ${RECORD_CONTENT_LIMIT}`,
    )
  const padding = -length & 7
  const record = Buffer.alloc(RECORD_HEADER_BYTES + length + padding)
  writeHeader(record, { type, id, length })
  record.writeUInt8(padding, 6)
  if (content !== undefined) record.set(content, RECORD_HEADER_BYTES)
  return record
}

/** The header of a record whose content is written apart, without padding. */
export function formatRecordHeader(head: RecordHead): Buffer {
  const header = Buffer.alloc(RECORD_HEADER_BYTES)
  writeHeader(header, head)
  return header
}

function writeHeader(record: Buffer, { type, id, length }: RecordHead): void {
  record.writeUInt8(1, 0)
  record.writeUInt8(type, 1)
  record.writeUInt16BE(id, 2)
  record.writeUInt16BE(length, 4)
}

/** Writes the header of a record without padding. */
export function writeRecordHeader(
  bytes: Uint8Array,
  at: number,
  { type, id, length }: RecordHead,
): void {
  bytes[at] = 1
  bytes[at + 1] = type
  bytes[at + 2] = id >> 8
  bytes[at + 3] = id
  bytes[at + 4] = length >> 8
  bytes[at + 5] = length
  bytes[at + 6] = 0
  bytes[at + 7] = 0
}

/** Records of a stream with these bytes, without the empty one that ends it. */
export function formatStream(type: number, id: number, data: Uint8Array): Buffer[] {
  const records: Buffer[] = []
  for (let at = 0; at < data.length; at += RECORD_CONTENT_LIMIT)
    records.push(formatRecord(type, id, data.subarray(at, at + RECORD_CONTENT_LIMIT)))
  return records
}
