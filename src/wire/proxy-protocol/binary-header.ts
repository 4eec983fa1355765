import { formatIp } from './format-ip.ts'
import type { ProxiedEnds, ProxyHeader, ProxyHeaderDecoder } from './header.ts'
import { createMalformedHeader, expectStart } from './malformed-header.ts'

/** How every header of version 2 begins. */
export const BINARY_START = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** Up to where the length of the rest is known. */
const FIXED_BYTES = 16
const VERSION_COMMAND_AT = 12
const FAMILY_AT = 13
const LENGTH_AT = 14

/** Version in the upper half, command in the lower one. */
const LOCAL = 0x20
const PROXY = 0x21

/** Version 2: bytes. Addresses are kept until they are whole; what follows them (TLV) is skipped. */
export class BinaryHeaderDecoder implements ProxyHeaderDecoder {
  #head = Buffer.alloc(0)
  #plan: HeaderPlan | undefined
  /** Bytes of the header that follow `#head` and have not arrived yet. */
  #skipped = 0

  push(chunk: Buffer): ProxyHeader | undefined {
    let rest = this.#fill(chunk, FIXED_BYTES)
    expectStart(this.#head, BINARY_START)
    if (this.#head.length < FIXED_BYTES) return undefined
    if (this.#plan === undefined) {
      this.#plan = planHeader(this.#head)
      this.#skipped = this.#plan.length - this.#plan.addressBytes
    }
    const wanted = FIXED_BYTES + this.#plan.addressBytes
    rest = this.#fill(rest, wanted)
    if (this.#head.length < wanted) return undefined
    const skips = Math.min(rest.length, this.#skipped)
    this.#skipped -= skips
    if (this.#skipped > 0) return undefined
    return {
      ends: this.#plan.read?.(this.#head.subarray(FIXED_BYTES)),
      unread: rest.subarray(skips),
    }
  }

  /** Fills the head up to so many bytes, and returns what is left. */
  #fill(chunk: Buffer, wanted: number): Buffer {
    const missing = Math.max(0, wanted - this.#head.length)
    if (missing > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, missing)])
    return chunk.subarray(missing)
  }
}

interface HeaderPlan {
  /** Bytes behind the fixed part. */
  readonly length: number
  readonly addressBytes: number
  /** Undefined where the ends of the socket itself count. */
  readonly read: Family['read'] | undefined
}

function planHeader(head: Buffer): HeaderPlan {
  const command = head[VERSION_COMMAND_AT]
  const length = head.readUInt16BE(LENGTH_AT)
  if (command === LOCAL) return { length, addressBytes: 0, read: undefined }
  if (command !== PROXY) throw createMalformedHeader('version and command are not known')
  const family = FAMILIES.get(head[FAMILY_AT] ?? -1)
  if (family === undefined) throw createMalformedHeader('the kind of address is not known')
  if (length < family.bytes) throw createMalformedHeader('the addresses do not fit')
  return { length, addressBytes: family.bytes, read: family.read }
}

/** One kind of address. */
interface Family {
  readonly bytes: number
  readonly read: ((addresses: Buffer) => ProxiedEnds) | undefined
}

const UNKNOWN: Family = { bytes: 0, read: undefined }
const IPV4: Family = { bytes: 12, read: (addresses) => readInternet(addresses, 4) }
const IPV6: Family = { bytes: 36, read: (addresses) => readInternet(addresses, 16) }
const UNIX: Family = {
  bytes: 216,
  read: () => ({ remoteAddress: '', remotePort: '', localAddress: '', localPort: '' }),
}

/** By the byte that has the address family in its upper half; in its lower one 0 is unknown, 1 a stream, 2 datagrams. */
const FAMILIES: ReadonlyMap<number, Family> = new Map([
  [0x00, UNKNOWN],
  [0x01, UNKNOWN],
  [0x02, UNKNOWN],
  [0x10, UNKNOWN],
  [0x20, UNKNOWN],
  [0x30, UNKNOWN],
  [0x11, IPV4],
  [0x12, IPV4],
  [0x21, IPV6],
  [0x22, IPV6],
  [0x31, UNIX],
  [0x32, UNIX],
])

function readInternet(addresses: Buffer, bytes: number): ProxiedEnds {
  return {
    remoteAddress: formatIp(addresses.subarray(0, bytes)),
    localAddress: formatIp(addresses.subarray(bytes, 2 * bytes)),
    remotePort: String(addresses.readUInt16BE(2 * bytes)),
    localPort: String(addresses.readUInt16BE(2 * bytes + 2)),
  }
}
