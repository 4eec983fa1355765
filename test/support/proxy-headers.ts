const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** Parts of a header of version 2; by default one of TCP over IPv4. */
export interface BinaryHeader {
  /** Version and command. */
  readonly command?: number
  readonly family?: number
  /** Addresses and what follows them. */
  readonly rest?: Uint8Array
  /** The length that is announced, if it is not that of `rest`. */
  readonly length?: number
}

/** A header of version 2, by bytes alone. */
export function formatBinaryHeader(header: BinaryHeader = {}): Buffer {
  const { command = 0x21, family = 0x11, rest = IPV4_ENDS } = header
  const fixed = Buffer.alloc(4)
  fixed[0] = command
  fixed[1] = family
  fixed.writeUInt16BE(header.length ?? rest.length, 2)
  return Buffer.concat([SIGNATURE, fixed, rest])
}

/** From 203.0.113.7 port 4660 to 198.51.100.1 port 443. */
export const IPV4_ENDS = Buffer.from('cb007107c6336401123401bb', 'hex')

/** From 2001:db8::7 port 4660 to 2001:db8:0:0:1::1 port 443. */
export const IPV6_ENDS = Buffer.from(
  '20010db800000000000000000000000720010db8000000000001000000000001123401bb',
  'hex',
)

/** A field behind the addresses. */
export function formatTlv(type: number, value: Uint8Array): Buffer {
  const head = Buffer.alloc(3)
  head[0] = type
  head.writeUInt16BE(value.length, 1)
  return Buffer.concat([head, value])
}
