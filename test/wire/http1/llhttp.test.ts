import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decode } from './decode.ts'
import { parseByNode } from './llhttp.ts'

/** Refusals of Node that concern the connection, not the bytes. */
const OF_CONNECTION = new Set(['HPE_CLOSED_CONNECTION', 'HPE_HEADER_OVERFLOW'])

async function compare(text: string): Promise<void> {
  const node = await parseByNode(text)
  const ours = decode([text])
  const shown = JSON.stringify(text)
  if (node.refused !== undefined && !OF_CONNECTION.has(node.refused))
    // Node refuses some beginnings of a line where we wait for its end, so this ends it.
    expect(
      decode([`${text}\r\n\r\n`]).refused,
      `llhttp says ${node.refused} to ${shown}`,
    ).toBeDefined()
  if (ours.refused !== undefined || node.refused !== undefined) return
  const count = Math.min(ours.requests.length, node.requests.length)
  expect(count, shown).toBe(node.requests.length)
  for (let i = 0; i < count; i++) {
    const [one, other] = [ours.requests[i], node.requests[i]]
    expect(one?.head.method, shown).toBe(other?.method)
    expect(one?.body, shown).toBe(other?.body)
    if (other?.url.startsWith('/') === true) {
      expect(one?.head.target, shown).toBe(other.url)
      expect(one?.head.fields, shown).toEqual(other.headers)
    }
  }
}

const NAMES = [
  'Host',
  'X',
  'Content-Length',
  'content-length',
  'Transfer-Encoding',
  'Connection',
  'Expect',
  'Upgrade',
  'Content-Length ',
  ' X',
  'X\xe9',
  'X(',
  '',
  'X\t',
  'X\r',
  'X\n',
  "!#$%&'*+-.^_`|~",
]
const VALUES = [
  'a',
  '',
  'a.test',
  '5',
  '05',
  '+5',
  '5, 5',
  '5 ',
  '\t5',
  '0',
  '-1',
  '1_0',
  '99999999999999999999',
  'chunked',
  'Chunked',
  'chunked ',
  'gzip',
  'gzip, chunked',
  'chunked, gzip',
  'identity',
  ',chunked',
  'chunked;a',
  'close',
  'keep-alive',
  'close, foo',
  '100-continue',
  'h2c',
  'a\x00',
  'a\x01',
  'a\x7f',
  'a\tb',
  'a\xff',
  'a\r\n b',
  'a\rb',
  'a\nb',
  '"',
  '\x0bchunked',
  'chunked\x0b',
  'upgrade',
]
const METHODS = [
  'GET',
  'POST',
  'HEAD',
  'PUT',
  'OPTIONS',
  'PATCH',
  'QUERY',
  'M-SEARCH',
  'SOURCE',
  'SETUP',
  'PRI',
  'CONNECT',
  'get',
  'FOO',
  'G ET',
  'GET\x00',
  '',
  'GE\tT',
  'DESCRIBE',
  'LINK',
]
const TARGETS = [
  '/',
  '/a?b',
  '*',
  'http://a.test/x',
  'http://a.test',
  'https://a.test?x',
  'http://a:80/',
  'http://a:b/',
  'http://u@a/',
  'http://[::1]/',
  '/a b',
  '/a#b',
  '/\xff',
  '/\x01',
  '/\t',
  '',
  'a',
  '//a',
  '/%zz',
  '/\x7f',
  'http://a_b/',
  'http://a"b/',
  'HTTP://a/',
  'http:/a',
  '*a',
  'ftp://a/',
  '/"<>\\^`{|}',
]
const VERSIONS = [
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/1.1 ',
  ' HTTP/1.1',
  'HTTP/2.0',
  'HTTP/0.9',
  'HTTP/1.2',
  'HTTP/1.',
  'HTTP/11',
  'http/1.1',
  'RTSP/1.0',
  'ICE/1.0',
  '',
  'HTTP/1.1\t',
  'HTTP/1.1\r',
  'HTTP 1.1',
]
const LINE_ENDS = ['\r\n', '\n', '\r', '\r\r\n', '\n\r', '']
const CHUNKS = [
  '5\r\nhello\r\n',
  '5;a=b\r\nhello\r\n',
  '5;a="b c"\r\nhello\r\n',
  '5;a="\\""\r\nhello\r\n',
  '5 ;a\r\nhello\r\n',
  '5; a\r\nhello\r\n',
  '5;\r\nhello\r\n',
  '5;a=\r\nhello\r\n',
  '5;a b\r\nhello\r\n',
  '5;a=b;c\r\nhello\r\n',
  '5;a\x00\r\nhello\r\n',
  '5;\x80\r\nhello\r\n',
  '5;a="\x01"\r\nhello\r\n',
  '5;a="b"c\r\nhello\r\n',
  '05\r\nhello\r\n',
  'A\r\n0123456789\r\n',
  '5\nhello\r\n',
  '5\r\nhello\n',
  '5\r\nhell\r\n',
  '5\r\nhello!\r\n',
  '0x5\r\nhello\r\n',
  '5\r\r\nhello\r\n',
  ' 5\r\nhello\r\n',
  '5 \r\nhello\r\n',
  '\r\n',
  'g\r\n',
  'fffffffffffffffff\r\n',
  '5;a\rb\r\nhello\r\n',
  '5;a\nb\r\nhello\r\n',
]
const ENDS = [
  '0\r\n\r\n',
  '0\r\nX: y\r\n\r\n',
  '0;a\r\n\r\n',
  '00\r\n\r\n',
  '0\r\nX : y\r\n\r\n',
  '0\r\nX: y\n\r\n',
  '0\n\n',
  '0\r\n\n',
  '0\r\nContent-Length: 5\r\n\r\n',
  '0\r\nTransfer-Encoding: chunked\r\n\r\n',
  '0\r\n X: y\r\n\r\n',
  '0\r\nX: y\r\n z\r\n\r\n',
  '0\r\nX: \x00\r\n\r\n',
  '0\r\nHost: b\r\n\r\n',
  '0\r\n: y\r\n\r\n',
  '0 \r\n\r\n',
  '0\r\n\r',
  '',
]

/** Mostly the first value, which is valid, and sometimes one of the others. */
function mostly(values: readonly string[], weight = 12): fc.Arbitrary<string> {
  return fc.oneof(
    { weight, arbitrary: fc.constant(values[0] ?? '') },
    { weight: 1, arbitrary: fc.constantFrom(...values) },
  )
}

const end = mostly(LINE_ENDS, 40)
const field = fc
  .tuple(
    fc.constantFrom(...NAMES),
    mostly([':', ' :', '', '::'], 20),
    mostly([' ', '', '\t', '  '], 4),
    fc.constantFrom(...VALUES),
    end,
  )
  .map((parts) => parts.join(''))
const head = fc
  .tuple(
    mostly(METHODS),
    mostly([' ', '  ', '\t'], 40),
    mostly(TARGETS),
    mostly([' ', '  ', '\t'], 40),
    mostly(VERSIONS),
    end,
  )
  .map((parts) => parts.join(''))
const plain = fc
  .tuple(
    head,
    mostly(['Host: a.test\r\n', ''], 20),
    fc.array(field, { maxLength: 3 }),
    end,
    mostly(['', 'hello'], 1),
  )
  .map(([line, host, fields, last, body]) => line + host + fields.join('') + last + body)
const chunked = fc
  .tuple(
    mostly(['', 'Connection: close\r\n'], 8),
    fc.array(mostly(CHUNKS, 6), { maxLength: 3 }),
    mostly(ENDS, 6),
  )
  .map(
    ([fields, chunks, last]) =>
      `POST / HTTP/1.1\r\nHost: a.test\r\n${fields}Transfer-Encoding: chunked\r\n\r\n${chunks.join('')}${last}`,
  )
const stream = fc
  .array(fc.oneof(plain, chunked), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join(''))

describe("what Node's own parser refuses is refused, and what both accept is the same", () => {
  test('for requests that are nearly valid', async () => {
    await fc.assert(fc.asyncProperty(stream, compare), { numRuns: 1500 })
  })

  test('for valid bytes with one byte changed', async () => {
    const good =
      'POST /a?b HTTP/1.1\r\nHost: a.test\r\nX-A: b c\r\nTransfer-Encoding: chunked\r\n\r\n5;a="b"\r\nhello\r\n0\r\nX: y\r\n\r\nGET / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc'
    for (let at = 0; at < good.length; at++)
      for (const byte of [
        '\x00',
        '\t',
        '\n',
        '\r',
        ' ',
        '"',
        ':',
        ';',
        'a',
        '0',
        '\x7f',
        '\x80',
        '\xff',
      ])
        await compare(good.slice(0, at) + byte + good.slice(at + 1))
  })

  test('for every byte at the critical positions', async () => {
    for (let byte = 0; byte < 256; byte++) {
      const one = String.fromCharCode(byte)
      await compare(`GET${one} / HTTP/1.1\r\nHost: a\r\n\r\n`)
      await compare(`GET /a${one}b HTTP/1.1\r\nHost: a\r\n\r\n`)
      await compare(`GET http://a${one}b/ HTTP/1.1\r\nHost: a\r\n\r\n`)
      await compare(`GET / HTTP/1.1\r\nHost: a\r\nX${one}Y: b\r\n\r\n`)
      await compare(`GET / HTTP/1.1\r\nHost: a\r\nX: b${one}c\r\n\r\n`)
      await compare(`GET / HTTP/1.1\r\nHost: a\r\nX: b${one}\r\n\r\n`)
      await compare(
        `GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:${one}chunked\r\n\r\n5${one}\r\nhello\r\n0\r\n\r\n`,
      )
      await compare(
        `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a${one}=b\r\nhello\r\n0\r\n\r\n`,
      )
      await compare(
        `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a="${one}"\r\nhello\r\n0\r\n\r\n`,
      )
      await compare(
        `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX${one}: ${one}\r\n\r\n`,
      )
    }
  })

  test.each(
    [
      ...METHODS.map((method) => `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`),
      ...TARGETS.map((target) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`),
      ...VERSIONS.map((version) => `GET / ${version}\r\nHost: a\r\n\r\n`),
      ...VALUES.flatMap((value) =>
        NAMES.map(
          (name) =>
            `POST / HTTP/1.1\r\nHost: a\r\n${name}: ${value}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
        ),
      ),
      ...[...CHUNKS, ...ENDS].map(
        (chunk) =>
          `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`,
      ),
    ].map((text) => [JSON.stringify(text), text] as const),
  )('for %s', async (_title, text) => {
    await compare(text)
  })
})
