import type { ErrorCode } from '../../core/errors.ts'
import { TaipanError } from '../../core/errors.ts'
import { CollectedBytes } from '../collected-bytes.ts'

/** Names and values in turn, one character per byte. */
export type Pairs = readonly string[]

const LONG = 0x80
/** Up to this length a loop is faster than a call of Node. */
const SHORT = 24
const LONG_LENGTH_BYTES = 4

/** Name-value pairs in the form of PARAMS and GET_VALUES (FastCGI 1.0, 3.4). */
export function formatPairs(pairs: Pairs): Buffer {
  let size = 0
  for (const text of pairs) size += lengthBytes(text.length) + text.length
  const bytes = Buffer.allocUnsafe(size)
  let at = 0
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i] ?? ''
    const value = pairs[i + 1] ?? ''
    at = writeLength(bytes, at, name.length)
    at = writeLength(bytes, at, value.length)
    at += writeText(bytes, at, name)
    at += writeText(bytes, at, value)
  }
  return bytes
}

/**
 * The same in pieces of at most `limit` bytes, cut between pairs: php-fpm and flup take no pair that is divided. A pair
 * that is longer than that is divided nevertheless.
 */
export function dividePairs(pairs: Pairs, limit: number): Buffer[] {
  const pieces: Buffer[] = []
  let from = 0
  let size = 0
  for (let i = 0; i < pairs.length; i += 2) {
    const more = pairSize(pairs[i] ?? '', pairs[i + 1] ?? '')
    if (size > 0 && size + more > limit) {
      pieces.push(formatPairs(pairs.slice(from, i)))
      from = i
      size = 0
    }
    size += more
  }
  if (size > 0) pieces.push(formatPairs(pairs.slice(from)))
  return pieces.flatMap((piece) => divide(piece, limit))
}

function pairSize(name: string, value: string): number {
  return lengthBytes(name.length) + lengthBytes(value.length) + name.length + value.length
}

function divide(bytes: Buffer, limit: number): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += limit) pieces.push(bytes.subarray(at, at + limit))
  return pieces
}

function lengthBytes(length: number): number {
  return length < LONG ? 1 : LONG_LENGTH_BYTES
}

function writeLength(bytes: Buffer, at: number, length: number): number {
  if (length >= LONG) return bytes.writeUInt32BE(length + 0x80_00_00_00, at)
  // The methods of a buffer check their arguments, which takes longer than all the rest.
  bytes[at] = length
  return at + 1
}

/** Returns its length. */
function writeText(bytes: Buffer, at: number, text: string): number {
  if (text.length > SHORT) return bytes.write(text, at, 'latin1')
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
  return text.length
}

/** The pairs of a stream, whose records may end anywhere. */
export class PairDecoder {
  readonly #limit: number
  readonly #code: ErrorCode
  readonly #collected = new CollectedBytes()

  /** `limit` is in bytes of all pairs; what breaks it or the format is an error of `code`. */
  constructor(limit: number, code: ErrorCode) {
    this.#limit = limit
    this.#code = code
  }

  /** Takes the next bytes, which are kept until `end`. */
  push(data: Buffer): void {
    if (this.#collected.length + data.length > this.#limit)
      throw new TaipanError(
        this.#code,
        `the FastCGI variables are longer than ${this.#limit} bytes`,
      )
    this.#collected.push(data)
  }

  /** Names and values in turn. */
  end(): string[] {
    return parsePairs(this.#collected.join(), this.#code)
  }
}

/** Names and values in turn; throws an error of `code` if the bytes end within a pair. */
export function parsePairs(bytes: Buffer, code: ErrorCode): string[] {
  const pairs: string[] = []
  let at = 0
  const readLength = (): number => {
    const first = bytes[at] ?? LONG
    if (first < LONG) {
      at += 1
      return first
    }
    if (at + LONG_LENGTH_BYTES > bytes.length) throw createCut(code)
    at += LONG_LENGTH_BYTES
    return bytes.readUInt32BE(at - LONG_LENGTH_BYTES) - 0x80_00_00_00
  }
  while (at < bytes.length) {
    const name = readLength()
    const value = readLength()
    if (name + value > bytes.length - at) throw createCut(code)
    pairs.push(bytes.toString('latin1', at, at + name))
    at += name
    pairs.push(bytes.toString('latin1', at, at + value))
    at += value
  }
  return pairs
}

function createCut(code: ErrorCode): TaipanError {
  return new TaipanError(code, 'the FastCGI variables end within a pair')
}
