import type { ErrorCode } from '../../core/errors.ts'
import { TaipanError } from '../../core/errors.ts'
import { CollectedBytes } from '../collected-bytes.ts'

/** Bytes of variables that a packet can hold. */
export const PACKET_LIMIT = 0xffff
const HEADER_BYTES = 4
const LENGTH_BYTES = 2

/** What a packet is for (its `modifier1`). */
export const Modifier = {
  WSGI: 0,
  /** The server takes SCRIPT_NAME off PATH_INFO. */
  WSGI_MOUNTED: 30,
} as const

/**
 * The head of a request, which its body follows. `variables` are names and values in turn, one character per byte. Throws
 * `FIELDS_TOO_LARGE` when they do not fit into a packet.
 */
export function formatPacket(variables: readonly string[], modifier: number): Buffer {
  const size = variables.reduce((sum, text) => sum + LENGTH_BYTES + text.length, 0)
  if (size > PACKET_LIMIT)
    throw new TaipanError(
      'FIELDS_TOO_LARGE',
      `the variables of the request take ${size} bytes; the uwsgi protocol has room for ${PACKET_LIMIT}`,
    )
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + size)
  bytes.writeUInt8(modifier, 0)
  bytes.writeUInt16LE(size, 1)
  bytes.writeUInt8(0, 3)
  let at = HEADER_BYTES
  for (const text of variables) {
    at = bytes.writeUInt16LE(text.length, at)
    at += bytes.write(text, at, 'latin1')
  }
  return bytes
}

/** A packet that has arrived. */
export interface UwsgiPacket {
  readonly modifier: number
  /** Names and values in turn. */
  readonly variables: readonly string[]
  /** The beginning of the body. */
  readonly rest: Buffer
}

/** Collects a packet that arrives in pieces: at most 64 KiB. Throws errors of a code. */
export class PacketDecoder {
  readonly #code: ErrorCode
  readonly #collected = new CollectedBytes()
  /** Length of head and variables, once it is known. */
  #end: number | undefined

  constructor(code: ErrorCode) {
    this.#code = code
  }

  /** The packet, once it is whole. Do not call it again after that. */
  push(chunk: Buffer): UwsgiPacket | undefined {
    this.#collected.push(chunk)
    if (this.#collected.length < HEADER_BYTES) return undefined
    this.#end ??= HEADER_BYTES + this.#collected.join().readUInt16LE(1)
    if (this.#collected.length < this.#end) return undefined
    const bytes = this.#collected.join()
    const variables = this.#parse(bytes.subarray(HEADER_BYTES, this.#end))
    return { modifier: bytes.readUInt8(0), variables, rest: bytes.subarray(this.#end) }
  }

  #parse(bytes: Buffer): string[] {
    const texts: string[] = []
    let at = 0
    while (at < bytes.length) {
      const start = at + LENGTH_BYTES
      const end = start <= bytes.length ? start + bytes.readUInt16LE(at) : Infinity
      if (end > bytes.length) throw this.#broken('the variables end within one')
      texts.push(bytes.toString('latin1', start, end))
      at = end
    }
    if (texts.length % 2 === 1) throw this.#broken('a variable has no value')
    return texts
  }

  #broken(reason: string): TaipanError {
    return new TaipanError(this.#code, `not uwsgi: ${reason}`)
  }
}
