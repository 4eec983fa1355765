import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { TaipanError } from '../../../src/core/errors.ts'
import { ScgiHeadDecoder, formatScgiHead, type ScgiHead } from '../../../src/wire/scgi/request.ts'

const CODE = 'REQUEST_MALFORMED'

function decode(chunks: readonly Buffer[], limit = 10_000): ScgiHead | undefined {
  const decoder = new ScgiHeadDecoder(limit, CODE)
  for (const [index, chunk] of chunks.entries()) {
    const head = decoder.push(chunk)
    if (head !== undefined)
      return { ...head, rest: Buffer.concat([head.rest, ...chunks.slice(index + 1)]) }
  }
  return undefined
}

function netstring(text: string): Buffer {
  return Buffer.from(`${text.length}:${text},`, 'latin1')
}

test('the bytes of a request are those of the specification', () => {
  const head = formatScgiHead(['REQUEST_METHOD', 'POST', 'REQUEST_URI', '/deepthought'], 27)
  expect(head.toString('latin1')).toBe(
    '70:CONTENT_LENGTH\x0027\0SCGI\x001\0REQUEST_METHOD\0POST\0REQUEST_URI\0/deepthought\0,',
  )
})

test('the length comes first, and no name twice', () => {
  const head = decode([formatScgiHead(['A', 'b', 'SCGI', '2', 'CONTENT_LENGTH', ''], 0)])
  expect(head?.variables).toEqual(['CONTENT_LENGTH', '0', 'SCGI', '1', 'A', 'b'])
})

test.each([
  ['PATH_INFO', '/a\0REMOTE_USER\0root\0X'],
  ['A\0B', ''],
])('a NUL in %j or its value %j is refused', (name, value) => {
  expect(() => formatScgiHead([name, value], 0)).toThrow(
    expect.objectContaining({ code: CODE, message: `${name} has a NUL, which ends values` }),
  )
})

test('variables of header fields may be there twice', () => {
  const repeated = ['HTTP_X_A', 'one', 'HTTP_X_A', 'two']
  const head = decode([formatScgiHead(repeated, 0)])
  expect(head?.variables).toEqual(['CONTENT_LENGTH', '0', 'SCGI', '1', ...repeated])
})

test('any division of the bytes gives the same head', () => {
  const value = fc
    .uint8Array({ maxLength: 50 })
    .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0)).toString('latin1'))
  fc.assert(
    fc.property(
      fc.dictionary(fc.stringMatching(/^[A-Z][A-Z_]{0,12}$/), value),
      fc.uint8Array(),
      fc.array(fc.nat(30)),
      (variables, body, cuts) => {
        delete variables['SCGI']
        delete variables['CONTENT_LENGTH']
        const given = Object.entries(variables).flat()
        const bytes = Buffer.concat([formatScgiHead(given, body.length), body])
        const chunks: Buffer[] = []
        let at = 0
        for (const cut of cuts) {
          chunks.push(bytes.subarray(at, at + cut))
          at += cut
        }
        const head = decode([...chunks, bytes.subarray(at)], 100_000)
        expect(head?.variables.slice(4)).toEqual(given)
        expect(head?.contentLength).toBe(body.length)
        expect(head?.rest).toEqual(Buffer.from(body))
      },
    ),
  )
})

test.each([
  ['a request begins with a length', Buffer.from('GET / HTTP/1.1\r\n')],
  ['the length of the netstring is no number', Buffer.from('1234567890123')],
  ['the length of the netstring is no number', Buffer.from(':')],
  ['the length of the netstring is no number', Buffer.from('012:')],
  ['longer than 10000 bytes', Buffer.from('10001:')],
  ['no comma', Buffer.from('3:abc;')],
  ['the last variable has no end', netstring('CONTENT_LENGTH\x000')],
  ['a variable has no value', netstring('CONTENT_LENGTH\x000\0SCGI\x001\0A\0')],
  ['a variable is there twice', netstring('CONTENT_LENGTH\x000\0SCGI\x001\0SCGI\x001\0')],
  ['a variable has no name', netstring('CONTENT_LENGTH\x000\0SCGI\x001\0\0x\0')],
  ['not CONTENT_LENGTH', netstring('SCGI\x001\0CONTENT_LENGTH\x000\0')],
  ['not CONTENT_LENGTH', netstring('CONTENT_LENGTH\0\0SCGI\x001\0')],
  ['no variable SCGI', netstring('CONTENT_LENGTH\x000\0SCGI\x002\0')],
  ['no variable SCGI', netstring('CONTENT_LENGTH\x000\0A\x001\0')],
])('%s: refused', (reason, bytes) => {
  expect(() => decode([bytes])).toThrow(reason)
})

test('whatever arrives, only an error of its own is thrown', () => {
  const digits = fc
    .tuple(fc.nat(300), fc.constantFrom(':', '', '::'), fc.uint8Array())
    .map(([size, colon, more]) => Buffer.concat([Buffer.from(`${size}${colon}`), more]))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), digits), (bytes) => {
      try {
        decode([Buffer.from(bytes)])
      } catch (error) {
        expect(error).toBeInstanceOf(TaipanError)
        expect(error).toMatchObject({ code: CODE })
      }
    }),
  )
})
