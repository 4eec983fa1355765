import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { HOP_BY_HOP, isFieldValue, isToken } from '../../src/core/field-syntax.ts'
import { createResponseHead } from '../../src/core/response-head.ts'

interface FieldVectors {
  readonly token_ranges: readonly [number, number][]
  readonly value_ranges: readonly [number, number][]
  readonly hop_by_hop: readonly string[]
  readonly heads: readonly {
    readonly name: string
    readonly pairs: readonly [string, string][]
    readonly kept: readonly [string, string][]
    readonly length?: number
    readonly close?: boolean
    readonly date?: boolean
    readonly server?: boolean
  }[]
}

const vectors: FieldVectors = JSON.parse(
  readFileSync(new URL('../vectors/fields.json', import.meta.url), 'utf8'),
)
const BYTES = Array.from({ length: 256 }, (_, byte) => byte)

function bytesOf(ranges: readonly [number, number][]): number[] {
  return BYTES.filter((byte) => ranges.some(([first, last]) => byte >= first && byte <= last))
}

function bytesThat(isRight: (text: string) => boolean): number[] {
  return BYTES.filter((byte) => isRight(`a${String.fromCharCode(byte)}b`))
}

describe('the vectors shared with Python', () => {
  test('characters of tokens', () => {
    expect(bytesThat(isToken)).toEqual(bytesOf(vectors.token_ranges))
    expect([isToken(''), isToken('\u0161')]).toEqual([false, false])
  })

  test('characters of field values', () => {
    expect(bytesThat(isFieldValue)).toEqual(bytesOf(vectors.value_ranges))
    expect([isFieldValue(''), isFieldValue('\u0161')]).toEqual([true, false])
  })

  test('all hop-by-hop fields', () => {
    expect([...HOP_BY_HOP]).toEqual(vectors.hop_by_hop.map((name) => name.toLowerCase()))
  })

  test.each(vectors.hop_by_hop)('%s is a hop-by-hop field', (name) => {
    for (const spelled of [name, name.toLowerCase(), name.toUpperCase()])
      expect(createResponseHead(200, [spelled, 'chunked', 'X-A', '1']).fields.text).toBe(
        'X-A: 1\r\n',
      )
  })

  test.each(vectors.heads)('$name', ({ pairs, kept, length, close, date, server }) => {
    const head = createResponseHead(200, pairs.flat())
    expect({ ...head, fields: head.fields.text }).toEqual({
      status: 200,
      reason: '',
      fields: kept.map(([name, value]) => `${name}: ${value}\r\n`).join(''),
      contentLength: length,
      hasDate: date ?? false,
      hasServer: server ?? false,
      close: close ?? false,
    })
  })
})

test.each([
  ['a name that is no token', ['X A', '1'], 'header name "X A" is not a token'],
  ['a value with a line break', ['X-A', 'a\r\nB: c'], 'value of header X-A has characters'],
  ['two lengths', ['Content-Length', '1', 'content-length', '1'], 'is given twice'],
  ['a length that is no number', ['Content-Length', '-1'], '"-1" is not a number of bytes'],
])('%s is refused', (_what, pairs, message) => {
  expect(() => createResponseHead(200, pairs)).toThrow(message)
})
