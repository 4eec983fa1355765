import { createByteTable, isAlphanumeric } from '../../core/field-syntax.ts'

/** Characters of request targets: visible ASCII except `#` (RFC 9112, 3.2). No raw UTF-8, as in llhttp. */
export const TARGET = createByteTable((byte) => byte > 0x20 && byte < 0x7f && byte !== 0x23)

const HOST_MARKS = new Set(Buffer.from("-._~!$&'()*+,;=", 'latin1'))

/** `unreserved` and `sub-delims` of a `reg-name` (RFC 3986, 3.2.2). */
export const HOST_NAME = createByteTable((byte) => isAlphanumeric(byte) || HOST_MARKS.has(byte))

/** Value of a hexadecimal digit; 255 for other bytes. */
export const HEX_VALUE = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : 255
})

/** Delimiters of a message. */
export const HTAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SPACE = 0x20
export const COLON = 0x3a
