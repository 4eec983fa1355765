import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createProxyHeaderDecoder } from '../../../src/wire/proxy-protocol/decoder.ts'
import type { ProxyHeader } from '../../../src/wire/proxy-protocol/header.ts'
import { formatIp } from '../../../src/wire/proxy-protocol/format-ip.ts'
import { formatBinaryHeader, formatTlv, IPV4_ENDS, IPV6_ENDS } from '../../support/proxy-headers.ts'

const IPV4 = {
  remoteAddress: '203.0.113.7',
  remotePort: '4660',
  localAddress: '198.51.100.1',
  localPort: '443',
}
const IPV6 = {
  remoteAddress: '2001:db8::7',
  remotePort: '4660',
  localAddress: '2001:db8::1:0:0:1',
  localPort: '443',
}
const NOBODY = { remoteAddress: '', remotePort: '', localAddress: '', localPort: '' }

const HEADERS = {
  'version 1, IPv4': ['PROXY TCP4 203.0.113.7 198.51.100.1 4660 443\r\n', IPV4],
  'version 1, IPv6': ['PROXY TCP6 2001:db8::7 2001:db8::1:0:0:1 4660 443\r\n', IPV6],
  'version 1, IPv4 within IPv6': [
    'PROXY TCP6 ::ffff:203.0.113.7 ::FFFF:198.51.100.1 4660 443\r\n',
    IPV4,
  ],
  'version 1, unknown': ['PROXY UNKNOWN\r\n', undefined],
  'version 1, unknown, with what has no meaning': [
    'PROXY UNKNOWN ffff:f...f:ffff 1.2.3.4 x y\r\n',
    undefined,
  ],
  'version 2, IPv4': [formatBinaryHeader(), IPV4],
  'version 2, datagrams': [formatBinaryHeader({ family: 0x12 }), IPV4],
  'version 2, IPv6': [formatBinaryHeader({ family: 0x21, rest: IPV6_ENDS }), IPV6],
  'version 2, Unix': [formatBinaryHeader({ family: 0x31, rest: Buffer.alloc(216, 'x') }), NOBODY],
  'version 2, local': [formatBinaryHeader({ command: 0x20 }), undefined],
  'version 2, local, of a family that nobody knows': [
    formatBinaryHeader({ command: 0x20, family: 0xff, rest: Buffer.alloc(0) }),
    undefined,
  ],
  'version 2, unspecified': [
    formatBinaryHeader({ family: 0x00, rest: Buffer.alloc(5) }),
    undefined,
  ],
  'version 2, with TLVs': [
    formatBinaryHeader({
      rest: Buffer.concat([IPV4_ENDS, formatTlv(0x02, Buffer.from('a.example'))]),
    }),
    IPV4,
  ],
  'version 2, as long as can be, with TLVs that are none': [
    formatBinaryHeader({ rest: Buffer.concat([IPV4_ENDS, Buffer.alloc(65_523, 0xff)]) }),
    IPV4,
  ],
} as const

describe('what a PROXY header says', () => {
  test.each(Object.entries(HEADERS))('%s', (_name, [header, ends]) => {
    const whole = Buffer.concat([toBytes(header), Buffer.from('GET /')])
    const found = createProxyHeaderDecoder().push(whole)
    expect(found?.ends).toEqual(ends)
    expect(found?.unread.toString()).toBe('GET /')
  })

  test('in pieces of any size', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(HEADERS).filter(([header]) => header.length < 1000)),
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 300 }),
        ([header, ends], sizes) => {
          const rest = 'GET / HTTP/1.1'
          const pieces = split(Buffer.concat([toBytes(header), Buffer.from(rest)]), sizes)
          const decoder = createProxyHeaderDecoder()
          let found: ProxyHeader | undefined
          while (found === undefined && pieces.length > 0)
            found = decoder.push(pieces.shift() ?? Buffer.alloc(0))
          expect(found?.ends).toEqual(ends)
          expect(Buffer.concat([found?.unread ?? Buffer.alloc(0), ...pieces]).toString()).toBe(rest)
        },
      ),
    )
  })
})

const WRONG = {
  'another protocol': 'GET / HTTP/1.1\r\n',
  'a method that begins alike': 'PROPFIND / HTTP/1.1\r\n',
  'a handshake of TLS': Buffer.from('16030100', 'hex'),
  'small letters': 'proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n',
  'two spaces': 'PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n',
  'no CR': 'PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n',
  'CR within': 'PROXY UNKNOWN \r \r\n',
  'another family': 'PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n',
  'IPv6 as TCP4': 'PROXY TCP4 ::1 ::1 1 2\r\n',
  'IPv4 as TCP6': 'PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n',
  'no address': 'PROXY TCP4 example.org 1.2.3.4 1 2\r\n',
  'leading zeros': 'PROXY TCP4 010.2.3.4 1.2.3.4 1 2\r\n',
  'a zone': 'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n',
  'a port that is none': 'PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n',
  'a port with leading zeros': 'PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n',
  'no ports': 'PROXY TCP4 1.2.3.4 1.2.3.4\r\n',
  'a line without an end': `PROXY UNKNOWN ${'x'.repeat(93)}`,
  'a line that is too long': `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`,
  'a broken signature': Buffer.from('0d0a0d0a000d0a515549540b', 'hex'),
  'version 3': formatBinaryHeader({ command: 0x31 }),
  'an unknown command': formatBinaryHeader({ command: 0x22 }),
  'an unknown family': formatBinaryHeader({ family: 0x41 }),
  'an unknown transport': formatBinaryHeader({ family: 0x13 }),
  'a length that is too short': formatBinaryHeader({ length: 11 }),
  'IPv6 in the length of IPv4': formatBinaryHeader({ family: 0x21 }),
}

test.each(Object.entries(WRONG))('%s is refused', (_name, bytes) => {
  expect(() => createProxyHeaderDecoder().push(toBytes(bytes))).toThrow(/no PROXY header/)
})

test('what cannot become one any more is refused at once', () => {
  const decoder = createProxyHeaderDecoder()
  expect(decoder.push(Buffer.from('PRO'))).toBeUndefined()
  expect(() => decoder.push(Buffer.from('P'))).toThrow('does not begin with one')
})

test.each([
  ['00000000000000000000000000000000', '::'],
  ['00000000000000000000000000000001', '::1'],
  ['20010db8000000010000000000000000', '2001:db8:0:1::'],
  ['20010000000100000001000000010000', '2001:0:1:0:1:0:1:0'],
  ['00000000000000000000ffff01020304', '1.2.3.4'],
  ['0000000000000000000000000102ffff', '::102:ffff'],
])('%s is %s', (bytes, text) => {
  expect(formatIp(Buffer.from(bytes, 'hex'))).toBe(text)
})

function toBytes(bytes: string | Uint8Array): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes)
}

function split(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  let at = 0
  for (const size of sizes) {
    if (at + size >= bytes.length) break
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return [...pieces, bytes.subarray(at)]
}
