import { HEX_VALUE, HOST_NAME } from './characters.ts'

/** Whether a non-empty Host value is `uri-host [":" port]` (RFC 9112, 3.2). */
export function isAuthority(text: string): boolean {
  const bracketed = text.startsWith('[')
  const hostEnd = bracketed ? text.indexOf(']') + 1 : findColon(text)
  if (hostEnd === 0) return false
  const valid = bracketed ? isIpv6(text.slice(1, hostEnd - 1)) : isRegName(text, hostEnd)
  return valid && (hostEnd === text.length || isPort(text, hostEnd))
}

function findColon(text: string): number {
  const at = text.indexOf(':')
  return at < 0 ? text.length : at
}

function isRegName(text: string, end: number): boolean {
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i)
    if (HOST_NAME[code] === 1) continue
    if (code !== 0x25 || i + 2 >= end) return false
    if (HEX_VALUE[text.charCodeAt(i + 1)] === 255) return false
    if (HEX_VALUE[text.charCodeAt(i + 2)] === 255) return false
    i += 2
  }
  return true
}

function isPort(text: string, colon: number): boolean {
  if (text.charCodeAt(colon) !== 0x3a) return false
  const digits = text.slice(colon + 1)
  // RFC 3986, 3.2.3: the port may be empty.
  return /^[0-9]{0,5}$/.test(digits) && Number(digits) <= 65_535
}

const GROUP = /^[0-9a-f]{1,4}$/i
const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/

function isIpv6(text: string): boolean {
  const halves = text.split('::')
  if (halves.length > 2) return false
  const head = toGroups(halves[0] ?? '')
  const tail = halves.length === 2 ? toGroups(halves[1] ?? '') : []
  const last = halves.length === 2 ? tail : head
  const ipv4 = last.at(-1)
  let count = head.length + tail.length
  if (ipv4 !== undefined && IPV4.test(ipv4)) {
    last.pop()
    count += 1
  }
  const whole = [...head, ...tail].every((group) => GROUP.test(group))
  return whole && (halves.length === 2 ? count < 8 : count === 8)
}

function toGroups(text: string): string[] {
  return text === '' ? [] : text.split(':')
}
