/** A table with 1 at each byte value that `isMember` accepts. Lookups are faster than regular expressions. */
export function createByteTable(isMember: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (isMember(byte) ? 1 : 0))
}

/** ASCII letters and digits. */
export function isAlphanumeric(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a)
  )
}

const TOKEN_MARKS = new Set(Array.from("!#$%&'*+-.^_`|~", (mark) => mark.charCodeAt(0)))

/** `tchar` (RFC 9110, 5.6.2), for methods and field names. */
export const TOKEN = createByteTable((byte) => isAlphanumeric(byte) || TOKEN_MARKS.has(byte))

/** Bytes of field values: HTAB, printable ASCII, and 0x80 and up (RFC 9110, 5.5). */
export const FIELD_VALUE = createByteTable(
  (byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f),
)

/** One or more `tchar`. */
export function isToken(text: string): boolean {
  return text !== '' && consistsOf(TOKEN, text)
}

/** Whether `text` may be a field's value. The caller trims it. */
export function isFieldValue(text: string): boolean {
  return consistsOf(FIELD_VALUE, text)
}

/** Fields of a single connection (RFC 9110, 7.6.1; PEP 3333), in lower case; the same list as in `python/taipan/fields.py`. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
])

function consistsOf(table: Uint8Array, text: string): boolean {
  for (let at = 0; at < text.length; at++) if (table[text.charCodeAt(at)] !== 1) return false
  return true
}
