const PERCENT = 0x25

/** Percent-decodes to one character per byte (latin-1). Keeps a `%` that is not followed by two hexadecimal digits. */
export function decodePercent(text: string): string {
  let escape = text.indexOf('%')
  if (escape === -1) return text
  let decoded = ''
  let done = 0
  while (escape !== -1) {
    const byte = parseHexPair(text, escape + 1)
    if (byte === -1) {
      escape = text.indexOf('%', escape + 1)
      continue
    }
    decoded += text.slice(done, escape) + String.fromCharCode(byte)
    done = escape + 3
    escape = text.charCodeAt(done) === PERCENT ? done : text.indexOf('%', done)
  }
  return decoded + text.slice(done)
}

// Characters of a path (RFC 3986, 3.3); `%` is none, because the path is decoded.
const NOT_IN_PATHS = /[^\w.~!$&'()*+,;=:@/-]/g

/** Percent-encodes a decoded path of one character per byte. */
export function encodePath(path: string): string {
  return path.replaceAll(
    NOT_IN_PATHS,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

/** Encodes text as UTF-8, with one character per byte, as requests hold text. */
export function encodeLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** The text that `encodeLatin1` has encoded; bytes that are no UTF-8 become U+FFFD. */
export function decodeLatin1(encoded: string): string {
  return /[\x80-\xff]/.test(encoded) ? Buffer.from(encoded, 'latin1').toString('utf8') : encoded
}

function parseHexPair(text: string, at: number): number {
  const high = parseHexDigit(text.charCodeAt(at))
  const low = parseHexDigit(text.charCodeAt(at + 1))
  return high === -1 || low === -1 ? -1 : high * 16 + low
}

function parseHexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
