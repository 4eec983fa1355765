/** Marks the given byte values with 1. Tables are indexed by byte: faster than regular expressions and classes of ranges. */
function createTable(isMember: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (isMember(byte) ? 1 : 0))
}

const TOKEN_MARKS = new Set(Buffer.from("!#$%&'*+-.^_`|~", 'latin1'))

function isAlphanumeric(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a)
  )
}

/** `tchar` (RFC 9110, 5.6.2): methods and field names. */
export const TOKEN = createTable((byte) => isAlphanumeric(byte) || TOKEN_MARKS.has(byte))

/** Field values: HTAB, printable ASCII, and bytes from 0x80 on (RFC 9110, 5.5). */
export const FIELD_VALUE = createTable((byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f))

/** Request targets: visible ASCII but `#`, which has no place on the wire (RFC 9112, 3.2). Like llhttp, no raw UTF-8. */
export const TARGET = createTable((byte) => byte > 0x20 && byte < 0x7f && byte !== 0x23)

const HOST_MARKS = new Set(Buffer.from("-._~!$&'()*+,;=", 'latin1'))

/** `unreserved` and `sub-delims` of a `reg-name` (RFC 3986, 3.2.2). */
export const HOST_NAME = createTable((byte) => isAlphanumeric(byte) || HOST_MARKS.has(byte))

/** Value of a hexadecimal digit, 255 for every other byte. */
export const HEX_VALUE = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : 255
})

/** Bytes that stand between the parts of a message. */
export const HTAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SPACE = 0x20
export const COLON = 0x3a
