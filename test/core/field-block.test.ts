import { expect, test } from 'vitest'

import { FieldBlock, NO_FIELDS, withoutFields } from '../../src/core/field-block.ts'
import { createResponseHead } from '../../src/core/response-head.ts'

test('the pairs of a block are those of its lines', () => {
  const block = new FieldBlock(
    'A: 1\r\nset-cookie: a=b; c\r\nSet-Cookie:x:y\r\nEmpty:\r\nPad: \t v \t\r\n',
  )
  expect(block.pairs).toEqual([
    'A',
    '1',
    'set-cookie',
    'a=b; c',
    'Set-Cookie',
    'x:y',
    'Empty',
    '',
    'Pad',
    'v',
  ])
  expect(block.pairs).toBe(block.pairs)
  expect(NO_FIELDS.pairs).toEqual([])
})

test('a value keeps bytes that only look like blanks', () => {
  expect(new FieldBlock('A: \xa0v\xa0\r\n').pairs).toEqual(['A', '\xa0v\xa0'])
})

test('a head has its pairs without hop-by-hop fields', () => {
  const pairs = ['X-A', 'b', 'Connection', 'close', 'Content-Length', '3', 'X-A', '\xe9']
  const { fields } = createResponseHead(200, pairs)
  expect(fields.text).toBe('X-A: b\r\nContent-Length: 3\r\nX-A: \xe9\r\n')
  expect(fields.pairs).toEqual(['X-A', 'b', 'Content-Length', '3', 'X-A', '\xe9'])
})

test('fields are left out by their names, whatever their values are', () => {
  const pairs = ['Expect', '100-continue', 'X-A', 'expect', 'EXPECT', 'x']
  expect(withoutFields(pairs, new Set(['expect']))).toEqual(['X-A', 'expect'])
})
