import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { TaipanError } from '../../../src/core/errors.ts'
import {
  RECORD_CONTENT_LIMIT,
  RecordDecoder,
  RecordType,
  formatRecord,
  formatStream,
} from '../../../src/wire/fastcgi/records.ts'

interface Found {
  readonly type: number
  readonly id: number
  readonly length: number
  readonly content: string
}

/** The pieces that a decoder delivers for chunks. */
function decode(chunks: readonly Buffer[]): { found: Found[]; between: boolean } {
  const found: Found[] = []
  const decoder = new RecordDecoder(
    {
      onRecord: ({ type, id, length }, chunk, start, end) =>
        found.push({ type, id, length, content: chunk.toString('latin1', start, end) }),
    },
    'UPSTREAM_FAILED',
  )
  for (const chunk of chunks) decoder.push(chunk)
  return { found, between: decoder.between }
}

/** Pieces of one record joined, as its sender wrote it. */
function join(pieces: readonly Found[]): Found[] {
  const records: Found[] = []
  let missing = 0
  for (const piece of pieces) {
    const last = records.at(-1)
    if (missing > 0 && last !== undefined)
      records[records.length - 1] = { ...last, content: last.content + piece.content }
    else {
      records.push(piece)
      missing = piece.length
    }
    missing -= piece.content.length
  }
  return records
}

test('the bytes of records are those of the specification', () => {
  expect(formatRecord(RecordType.STDOUT, 0x0102, Buffer.from('abc')).toString('hex')).toBe(
    '01060102000305006162630000000000',
  )
  expect(formatRecord(RecordType.STDIN, 1).toString('hex')).toBe('0105000100000000')
  expect(() => formatRecord(RecordType.STDIN, 1, Buffer.alloc(RECORD_CONTENT_LIMIT + 1))).toThrow(
    'a FastCGI record would hold 65536 bytes',
  )
})

test('a stream is divided into records of at most 65,535 bytes', () => {
  const records = formatStream(RecordType.STDIN, 7, Buffer.alloc(RECORD_CONTENT_LIMIT + 2, 'x'))
  const { found, between } = decode(records)
  expect(found.map(({ id, length }) => [id, length])).toEqual([
    [7, RECORD_CONTENT_LIMIT],
    [7, 2],
  ])
  expect(between).toBe(true)
  expect(formatStream(RecordType.STDIN, 7, new Uint8Array(0))).toEqual([])
})

test('any division of the bytes gives the same records', () => {
  const record = fc.record({
    type: fc.integer({ min: 0, max: 255 }),
    id: fc.integer({ min: 0, max: 0xffff }),
    content: fc.uint8Array({ maxLength: 40 }),
    padding: fc.integer({ min: 0, max: 255 }),
  })
  fc.assert(
    fc.property(fc.array(record), fc.array(fc.nat(64)), (records, cuts) => {
      const bytes = Buffer.concat(
        records.map(({ type, id, content, padding }) => {
          const header = Buffer.from([1, type, id >> 8, id & 255, 0, content.length, padding, 0])
          return Buffer.concat([header, content, Buffer.alloc(padding, 0xff)])
        }),
      )
      const chunks: Buffer[] = []
      let at = 0
      for (const cut of cuts) {
        chunks.push(bytes.subarray(at, at + cut))
        at += cut
      }
      const { found, between } = decode([...chunks, bytes.subarray(at)])
      expect(between).toBe(true)
      expect(join(found)).toEqual(
        records.map(({ type, id, content }) => ({
          type,
          id,
          length: content.length,
          content: Buffer.from(content).toString('latin1'),
        })),
      )
    }),
  )
})

test('whatever arrives, only an error of its own is thrown', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), (chunks) => {
      try {
        decode(chunks.map((chunk) => Buffer.from(chunk)))
      } catch (error) {
        expect(error).toBeInstanceOf(TaipanError)
        expect(error).toMatchObject({ code: 'UPSTREAM_FAILED' })
      }
    }),
  )
})

test('another protocol is told by its first byte', () => {
  expect(() => decode([Buffer.from('HTTP/1.1 400 Bad Request\r\n')])).toThrow(
    'a FastCGI record has version 72; only 1 is known',
  )
})

test('a record that is cut is told from the end of one', () => {
  const whole = formatRecord(RecordType.STDOUT, 1, Buffer.from('abc'))
  for (let size = 1; size < whole.length; size += 1)
    expect(decode([whole.subarray(0, size)]).between, String(size)).toBe(false)
  expect(decode([]).between).toBe(true)
})
