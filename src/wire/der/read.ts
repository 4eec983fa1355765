/** A value in DER. */
export interface DerValue {
  readonly tag: number
  readonly content: Buffer
}

/** The values that stand one after the other. Throws `RangeError` for what is no DER. */
export function readDer(bytes: Uint8Array): DerValue[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values: DerValue[] = []
  for (let at = 0; at < all.length;) {
    const { tag, start, end } = readHead(all, at)
    values.push({ tag, content: all.subarray(start, end) })
    at = end
  }
  return values
}

/** The first value. Throws `RangeError` if there is none. */
export function readFirst(bytes: Uint8Array): DerValue {
  const [first] = readDer(bytes)
  if (first === undefined) throw new RangeError('there is no value')
  return first
}

/** The content of an OBJECT IDENTIFIER, such as `2.5.4.3`. */
export function formatOid(content: Uint8Array): string {
  const arcs: number[] = []
  let arc = 0
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f)
    if ((byte & 0x80) !== 0) continue
    if (arcs.length > 0) arcs.push(arc)
    else arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)))
    arc = 0
  }
  return arcs.join('.')
}

function readHead(bytes: Buffer, at: number): { tag: number; start: number; end: number } {
  const tag = bytes[at] ?? 0
  const short = bytes[at + 1]
  if (short === undefined || (tag & 0x1f) === 0x1f) throw new RangeError('broken DER')
  const count = short < 0x80 ? 0 : short & 0x7f
  if (count > 4 || short === 0x80 || at + 2 + count > bytes.length)
    throw new RangeError('broken DER')
  const length = count === 0 ? short : bytes.readUIntBE(at + 2, count)
  const start = at + 2 + count
  if (start + length > bytes.length) throw new RangeError('broken DER')
  return { tag, start, end: start + length }
}
