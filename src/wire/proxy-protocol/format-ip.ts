const GROUPS = 8

/** The text of an address of 4 or 16 bytes (RFC 5952); IPv4 addresses that are mapped into IPv6 have dots alone. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const groups = Array.from({ length: GROUPS }, (_, index) => view.getUint16(2 * index))
  const isMapped = groups[5] === 0xff_ff && groups.slice(0, 5).every((group) => group === 0)
  return isMapped ? bytes.subarray(12).join('.') : formatGroups(groups)
}

/** The longest run of zeros, the first of equal ones, becomes `::`. */
function formatGroups(groups: readonly number[]): string {
  const { start, length } = findZeros(groups)
  const texts = groups.map((group) => group.toString(16))
  if (length < 2) return texts.join(':')
  return `${texts.slice(0, start).join(':')}::${texts.slice(start + length).join(':')}`
}

function findZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0
    if (length > best.length) best = { start: index - length + 1, length }
  }
  return best
}
