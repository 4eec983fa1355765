import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { TaipanError } from '../../../src/core/errors.ts'
import {
  PairDecoder,
  dividePairs,
  formatPairs,
  parsePairs,
} from '../../../src/wire/fastcgi/pairs.ts'

const CODE = 'REQUEST_MALFORMED'
const text = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const pairs = fc.array(fc.tuple(text, text), { maxLength: 20 }).map((found) => found.flat())

test('the bytes of pairs are those of the specification', () => {
  expect(formatPairs(['A', 'bc']).toString('hex')).toBe('0102416263')
  const long = formatPairs(['', 'x'.repeat(128)])
  expect(long.subarray(0, 5).toString('hex')).toBe('0080000080')
  expect(long.length).toBe(133)
})

test('pairs are the same after both ways, wherever records end', () => {
  fc.assert(
    fc.property(pairs, fc.integer({ min: 1, max: 700 }), (given, limit) => {
      expect(parsePairs(formatPairs(given), CODE)).toEqual(given)
      const pieces = dividePairs(given, limit)
      expect(pieces.every((piece) => piece.length > 0 && piece.length <= limit)).toBe(true)
      const decoder = new PairDecoder(1_000_000, CODE)
      for (const piece of pieces) decoder.push(piece)
      expect(decoder.end()).toEqual(given)
    }),
  )
})

test('records end between pairs', () => {
  const given = ['NAME', 'value', 'OTHER', 'x'.repeat(200), 'LAST', '']
  const pieces = dividePairs(given, 220)
  expect(pieces.map((piece) => parsePairs(piece, CODE))).toEqual([
    ['NAME', 'value'],
    ['OTHER', 'x'.repeat(200), 'LAST', ''],
  ])
  expect(dividePairs([], 10)).toEqual([])
})

test('whatever arrives, only an error of its own is thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      try {
        parsePairs(Buffer.from(bytes), CODE)
      } catch (error) {
        expect(error).toBeInstanceOf(TaipanError)
        expect(error).toMatchObject({ code: CODE })
      }
    }),
  )
})

test.each(['01', '0101', '010141', '80', '800000', '0080ffff', 'ffffffffffffffff41'])(
  'pairs that are cut or longer than the stream are refused: %s',
  (hex) => {
    expect(() => parsePairs(Buffer.from(hex, 'hex'), CODE)).toThrow('end within a pair')
  },
)

test('a stream of pairs has a bound', () => {
  const decoder = new PairDecoder(10, CODE)
  decoder.push(Buffer.alloc(10))
  expect(() => decoder.push(Buffer.alloc(1))).toThrow('longer than 10 bytes')
})
