import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { climbs, findRest, parseMount } from '../../src/pipeline/route-path.ts'
import { decodePercent, encodeLatin1 } from '../../src/wire/percent.ts'

describe('percent decoding', () => {
  test.each([
    ['/plain', '/plain'],
    ['/a%20b', '/a b'],
    ['/%C3%A9', '/\u00c3\u00a9'],
    ['%2f%2F', '//'],
    ['100%', '100%'],
    ['%4', '%4'],
    ['%zz%41', '%zzA'],
    ['%%41', '%A'],
    ['%2541', '%41'],
    ['', ''],
  ])('of %j gives %j', (text, decoded) => {
    expect(decodePercent(text)).toBe(decoded)
  })

  test('undoes encodeURIComponent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodePercent(encodeURIComponent(text))).toBe(encodeLatin1(text))
      }),
    )
  })
})

describe('a mount', () => {
  test.each([
    ['/m', '/m', ''],
    ['/m', '/m/', '/'],
    ['/m', '/m/x', '/x'],
    ['/m', '/m//x', '//x'],
    ['/m', '/%6d/x', '/x'],
    ['/m', '/%6D', ''],
    ['/m', '/mx', undefined],
    ['/m', '/M/x', undefined],
    ['/m', '/m;a/x', undefined],
    ['/m', '/m%2Fx', undefined],
    ['/m', '/m%2fx/y', undefined],
    ['/m', '//m/x', undefined],
    ['/m', '/', undefined],
    ['/m/', '/m/x', '/x'],
    ['/a/b', '/a/b/c', '/c'],
    ['/a/b', '/a%2Fb/c', undefined],
    ['/a/b', '/%61/%62', ''],
    ['/a/b', '/a', undefined],
    ['/a b', '/a%20b/x', '/x'],
    ['/a%20b', '/a%20b/x', '/x'],
    ['/\u00e9', '/%C3%A9/x', '/x'],
    ['/', '/', '/'],
    ['/', '/m%2Fx', '/m%2Fx'],
    ['/', '*', undefined],
  ])('%j and the path %j leave %j', (path, request, rest) => {
    const offset = findRest(parseMount(path), request)
    expect(offset === -1 ? undefined : request.slice(offset)).toBe(rest)
  })

  test.each(['m', '', '/m?x', '/m#x', '/a//b', '//', '/a/../b', '/%2e/b', '/a%2Fb'])(
    'at %j is a configuration error',
    (path) => {
      expect(() => parseMount(path)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
    },
  )
})

describe('dot segments', () => {
  test.each(
    [
      '/..',
      '/../x',
      '/%2e%2e/x',
      '/.%2E/x',
      '/a/../../x',
      '/a//../../x',
      '/./..',
      '/..%2fx',
      '/a/..%2f..%2fx',
      '/a%2Fb/../../x',
    ].map((rest) => [rest]),
  )('of %j climb', (rest) => {
    expect(climbs(rest)).toBe(true)
  })

  test.each(
    ['', '/', '/a/../b', '/...', '/..a', '/a..', '/.', '/a/%2e%2e/b', '/%252e%252e/x'].map(
      (rest) => [rest],
    ),
  )('of %j stay inside', (rest) => {
    expect(climbs(rest)).toBe(false)
  })
})
