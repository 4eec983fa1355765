import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatHttpDate, parseHttpDate } from '../../src/wire/http-date.ts'

describe('HTTP dates', () => {
  test.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', 784_111_777],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 784_111_777],
    ['Sun Nov  6 08:49:37 1994', 784_111_777],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Sun, 31 Feb 1994 08:49:37 GMT', undefined],
    ['Sun, 06 Nov 1994 24:49:37 GMT', undefined],
    ['Sun, 06 Nov 1994 08:49:37', undefined],
    ['1994', undefined],
    ['2020-01-01', undefined],
    ['0', undefined],
    ['', undefined],
    ['yesterday', undefined],
  ])('%j is %j', (text, seconds) => {
    expect(parseHttpDate(text)).toBe(seconds)
  })

  test('are parsed as they are written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
        expect(parseHttpDate(formatHttpDate(seconds))).toBe(seconds)
      }),
    )
  })
})
