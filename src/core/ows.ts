const SPACE = 0x20
const HTAB = 0x09

/** `text` without optional whitespace at both ends: SP and HTAB (RFC 9110, 5.6.3). `trim` would also remove 0xA0. */
export function trimOws(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === SPACE || code === HTAB
}
