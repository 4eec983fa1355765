import { expect, test } from 'vitest'

import { decodeLatin1, encodeLatin1 } from '../../src/wire/percent.ts'

test.each(['', 'plain', 'zoë', '日本', '\u{1f40d}'])('%j is the same after both ways', (text) => {
  expect(encodeLatin1(text)).toMatch(/^[\0-\xff]*$/)
  expect(decodeLatin1(encodeLatin1(text))).toBe(text)
})

test('bytes that are no UTF-8 are shown as such', () => {
  expect(decodeLatin1('a\xffb')).toBe('a\ufffdb')
})
