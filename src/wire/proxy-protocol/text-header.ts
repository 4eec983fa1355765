import { findIpVersion, normalizeIp } from '../../core/ip-address.ts'
import type { ProxiedEnds, ProxyHeader, ProxyHeaderDecoder } from './header.ts'
import { createMalformedHeader, expectStart } from './malformed-header.ts'

/** How every header of version 1 begins. */
export const TEXT_START = Buffer.from('PROXY ', 'latin1')

/** The longest header, with CRLF, as the protocol has it. */
const MOST_BYTES = 107

/** Version 1: a line of text. */
export class TextHeaderDecoder implements ProxyHeaderDecoder {
  #line = Buffer.alloc(0)

  push(chunk: Buffer): ProxyHeader | undefined {
    const before = this.#line.length
    this.#line = Buffer.concat([this.#line, chunk.subarray(0, MOST_BYTES - before)])
    expectStart(this.#line, TEXT_START)
    const end = this.#line.indexOf('\n')
    if (end >= 0) {
      const ends = parseLine(this.#line.toString('latin1', 0, end + 1))
      return { ends, unread: chunk.subarray(end + 1 - before) }
    }
    if (this.#line.length === MOST_BYTES)
      throw createMalformedHeader(`the line is longer than ${MOST_BYTES} bytes`)
    return undefined
  }
}

function parseLine(line: string): ProxiedEnds | undefined {
  // What follows UNKNOWN has no meaning.
  if (/^PROXY UNKNOWN(?: [^\r\n]*)?\r\n$/.test(line)) return undefined
  const match = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})\r\n$/.exec(line)
  if (match === null) throw createMalformedHeader('the line is none of its forms')
  const [, family = '', source = '', destination = '', from = '', to = ''] = match
  return {
    remoteAddress: parseIp(source, family),
    remotePort: parsePort(from),
    localAddress: parseIp(destination, family),
    localPort: parsePort(to),
  }
}

function parseIp(text: string, family: string): string {
  const address = String(findIpVersion(text)) === family ? normalizeIp(text) : undefined
  if (address === undefined) throw createMalformedHeader(`an address is not of TCP${family}`)
  return address
}

function parsePort(text: string): string {
  if (Number(text) > 65_535 || (text.length > 1 && text.startsWith('0')))
    throw createMalformedHeader('a port is none')
  return text
}
