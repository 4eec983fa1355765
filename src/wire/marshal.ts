import type { CgiName, CgiWriter } from './cgi-names.ts'

const TUPLE = 0x28 // '('
const SMALL_TUPLE = 0x29 // ')'
const LIST = 0x5b // '['
const UNICODE = 0x75 // 'u'
const DICT = 0x7b // '{'
const DICT_END = 0x30 // '0'
const INT = 0x69 // 'i'
const NONE = 0x4e // 'N'
const BYTES = 0x73 // 's'
const SHORT_TEXT = 0x7a // 'z'
const LONG_TEXT = 0x61 // 'a'
const SHORT_KEY = 0x5a // 'Z': interned by Python
const LONG_KEY = 0x41 // 'A'

const INITIAL_BYTES = 4096
// Below this a loop in JavaScript is faster than the call into Buffer.write.
const LOOP_CHARACTERS = 24

/**
 * Writes values in Python's `marshal` format into a growing buffer that is reused.
 *
 * Strings hold one character per byte: CPython 3.4 and later decodes the "ASCII" types as latin-1.
 */
export class MarshalWriter implements CgiWriter {
  #buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #at = 0

  /** Bytes written so far, including skipped ones. */
  get length(): number {
    return this.#at
  }

  /** The underlying memory; replaced when it grows. */
  get buffer(): Buffer {
    return this.#buffer
  }

  /** Empties the writer; it keeps its memory. */
  clear(): void {
    this.#at = 0
  }

  /** Leaves `bytes` free for a header, and returns their offset. */
  skip(bytes: number): number {
    this.#reserve(bytes)
    const start = this.#at
    this.#at = start + bytes
    return start
  }

  /** Empties the writer and gives it new memory, because the old one is still in use. */
  detach(): void {
    this.#buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
    this.#at = 0
  }

  /** Releases a buffer that grew beyond `limit`. Only when nothing is written. */
  trim(limit: number): void {
    if (this.#buffer.length > limit) this.#buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  }

  /** A view of what was written; overwritten after `clear`. */
  view(): Buffer {
    return this.#buffer.subarray(0, this.#at)
  }

  /** Begins a tuple; `size` values must follow. */
  tuple(size: number): void {
    this.#reserve(5)
    this.#buffer[this.#at++] = TUPLE
    this.#uint32(size)
  }

  /** Begins a list; `size` values must follow. Returns the offset of the size, for `setCount`. */
  list(size: number): number {
    this.#reserve(5)
    this.#buffer[this.#at++] = LIST
    this.#uint32(size)
    return this.#at - 4
  }

  /** Changes the size of a list that was written before. */
  setCount(at: number, count: number): void {
    this.#buffer.writeUInt32LE(count, at)
  }

  /** A signed 32-bit number. */
  int(value: number): void {
    this.#reserve(5)
    this.#buffer[this.#at++] = INT
    this.#uint32(value)
  }

  none(): void {
    this.#reserve(1)
    this.#buffer[this.#at++] = NONE
  }

  /** Begins a dict; pairs of key and value must follow, then `endDict`. */
  dict(): void {
    this.#reserve(1)
    this.#buffer[this.#at++] = DICT
  }

  endDict(): void {
    this.#reserve(1)
    this.#buffer[this.#at++] = DICT_END
  }

  /** The head of a `bytes` value; the caller sends its `length` bytes after this buffer. */
  bytesHead(length: number): void {
    this.#reserve(5)
    this.#buffer[this.#at++] = BYTES
    this.#uint32(length)
  }

  bytes(value: Uint8Array): void {
    this.bytesHead(value.length)
    this.raw(value)
  }

  /** A `bytes` value, given as one character per byte. */
  latin1Bytes(value: string): void {
    const length = value.length
    this.bytesHead(length)
    this.#reserve(length)
    this.#latin1(value, length)
  }

  /** One or more values that were encoded before. */
  encoded(value: Uint8Array): void {
    const length = value.length
    this.#reserve(length)
    const buffer = this.#buffer
    const at = this.#at
    for (let i = 0; i < length; i++) buffer[at + i] = value[i] ?? 0
    this.#at = at + length
  }

  /** Content of the value begun with `bytesHead`. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#buffer.set(value, this.#at)
    this.#at += value.length
  }

  text(value: string): void {
    const length = value.length
    this.#reserve(length + 5)
    if (length < 256) {
      this.#buffer[this.#at++] = SHORT_TEXT
      this.#buffer[this.#at++] = length
    } else {
      this.#buffer[this.#at++] = LONG_TEXT
      this.#uint32(length)
    }
    this.#latin1(value, length)
  }

  /** Text with any characters. */
  unicode(value: string): void {
    const length = Buffer.byteLength(value, 'utf8')
    this.#reserve(length + 5)
    this.#buffer[this.#at++] = UNICODE
    this.#uint32(length)
    this.#at += this.#buffer.write(value, this.#at, 'utf8')
  }

  /** A dict entry of two strings. */
  variable(name: CgiName, value: string): void {
    const key = name.bytes
    const length = key.length
    this.#reserve(length + 5)
    if (length < 256) {
      this.#buffer[this.#at++] = SHORT_KEY
      this.#buffer[this.#at++] = length
    } else {
      this.#buffer[this.#at++] = LONG_KEY
      this.#uint32(length)
    }
    const buffer = this.#buffer
    const at = this.#at
    for (let i = 0; i < length; i++) buffer[at + i] = key[i] ?? 0
    this.#at = at + length
    this.text(value)
  }

  #latin1(value: string, length: number): void {
    if (length <= LOOP_CHARACTERS) this.#characters(value, length)
    else this.#at += this.#buffer.write(value, this.#at, 'latin1')
  }

  #characters(value: string, length: number): void {
    const buffer = this.#buffer
    const at = this.#at
    for (let i = 0; i < length; i++) buffer[at + i] = value.charCodeAt(i)
    this.#at = at + length
  }

  #uint32(value: number): void {
    const buffer = this.#buffer
    const at = this.#at
    buffer[at] = value & 0xff
    buffer[at + 1] = (value >>> 8) & 0xff
    buffer[at + 2] = (value >>> 16) & 0xff
    buffer[at + 3] = value >>> 24
    this.#at = at + 4
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#at)
    this.#buffer = grown
  }
}

/** `marshal` of a short ASCII text that Python interns. */
export function encodeKey(text: string): Uint8Array {
  return encodeShort(SHORT_KEY, text)
}

/** `marshal` of a short ASCII text. */
export function encodeText(text: string): Uint8Array {
  return encodeShort(SHORT_TEXT, text)
}

/** `marshal` of a pair up to and including its first `bytes`; the second value must follow. */
export function encodePairHead(first: string): Uint8Array {
  const bytes = Buffer.alloc(7 + first.length)
  bytes[0] = SMALL_TUPLE
  bytes[1] = 2
  bytes[2] = BYTES
  bytes.writeUInt32LE(first.length, 3)
  bytes.write(first, 7, 'latin1')
  return bytes
}

function encodeShort(type: number, text: string): Uint8Array {
  if (text.length > 255) throw new RangeError('a short text has at most 255 characters')
  return Buffer.concat([Buffer.from([type, text.length]), Buffer.from(text, 'latin1')])
}
