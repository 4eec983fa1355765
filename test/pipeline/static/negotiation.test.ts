import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAcceptEncoding } from '../../../src/pipeline/content-coding.ts'
import { resolveFilePath } from '../../../src/pipeline/static/file-path.ts'
import { allowsRange, evaluatePreconditions } from '../../../src/pipeline/static/preconditions.ts'
import { parseRanges } from '../../../src/pipeline/static/ranges.ts'

describe('Accept-Encoding', () => {
  test.each([
    [undefined, [], true],
    ['', [], true],
    ['gzip', ['gzip'], true],
    ['gzip, deflate, br, zstd', ['br', 'zstd', 'gzip'], true],
    ['br;q=0.5, gzip', ['gzip', 'br'], true],
    ['GZIP;Q=1', ['gzip'], true],
    ['x-gzip', ['gzip'], true],
    ['br;q=0', [], true],
    ['br;q=0, gzip', ['gzip'], true],
    ['*', ['br', 'zstd', 'gzip'], true],
    ['*;q=0', [], false],
    ['*;q=0, gzip', ['gzip'], false],
    ['identity;q=0', [], false],
    ['identity;q=0, br', ['br'], false],
    ['identity, *;q=0', [], true],
    ['identity, gzip;q=0.5', [], true],
    ['identity;q=0.5, gzip;q=0.8, br;q=0.1', ['gzip'], true],
    ['br;q=0, *', ['zstd', 'gzip'], true],
    ['gzip;q=high', [], true],
    ['gzip;q=0.000', [], true],
    [',,gzip,', ['gzip'], true],
    ['\tgzip ; q=1 ,br\t', ['br', 'gzip'], true],
    ['gzip\xa0, br\xa0;q=1', [], true],
    ['gzip;\xa0q=0, *;q=0', ['gzip'], false],
  ])('%j accepts %j, plain: %j', (field, codings, identity) => {
    const preference = parseAcceptEncoding(field)
    expect(preference.codings.map(({ name }) => name)).toEqual(codings)
    expect(preference.identity).toBe(identity)
  })
})

describe('preconditions', () => {
  const validators = { etag: '"v1"', lastModified: 784_111_777 }
  const same = 'Sun, 06 Nov 1994 08:49:37 GMT'
  const before = 'Sun, 06 Nov 1994 08:49:36 GMT'
  const after = 'Sun, 06 Nov 1994 08:49:38 GMT'

  test.each([
    [[], 'proceed'],
    [['If-None-Match', '"v1"'], 'not-modified'],
    [['If-None-Match', 'W/"v1"'], 'not-modified'],
    [['If-None-Match', '*'], 'not-modified'],
    [['If-None-Match', '"a", "v1"'], 'not-modified'],
    [['If-None-Match', '"a"', 'if-none-match', '"v1"'], 'not-modified'],
    [['If-None-Match', '"a,v1"'], 'proceed'],
    [['If-None-Match', 'v1'], 'proceed'],
    [['If-None-Match', '*\xa0'], 'proceed'],
    [['If-None-Match', '"v2"', 'If-Modified-Since', same], 'proceed'],
    [['If-None-Match', '"v1"', 'If-Modified-Since', before], 'not-modified'],
    [['If-Modified-Since', same], 'not-modified'],
    [['If-Modified-Since', after], 'not-modified'],
    [['If-Modified-Since', before], 'proceed'],
    [['If-Modified-Since', 'nonsense'], 'proceed'],
    [['If-Match', '"v1"'], 'proceed'],
    [['If-Match', '*'], 'proceed'],
    [['If-Match', 'W/"v1"'], 'failed'],
    [['If-Match', '"v2"'], 'failed'],
    [['If-Match', '\xa0*'], 'failed'],
    [['If-Match', '"v1"', 'If-Unmodified-Since', before], 'proceed'],
    [['If-Unmodified-Since', before], 'failed'],
    [['If-Unmodified-Since', same], 'proceed'],
    [['If-Unmodified-Since', 'nonsense'], 'proceed'],
    [['If-Match', '"v1"', 'If-None-Match', '"v1"'], 'not-modified'],
  ] as const)('%j: %s', (fields, result) => {
    expect(evaluatePreconditions(fields, validators)).toBe(result)
  })

  test.each([
    [[], true],
    [['If-Range', '"v1"'], true],
    [['If-Range', 'W/"v1"'], false],
    [['If-Range', '"v2"'], false],
    [['If-Range', same], true],
    [['If-Range', after], false],
    [['If-Range', before], false],
    [['If-Range', 'nonsense'], false],
  ] as const)('%j allows a range: %j', (fields, allowed) => {
    expect(allowsRange(fields, validators)).toBe(allowed)
  })
})

describe('ranges of 100 bytes', () => {
  test.each([
    ['bytes=0-9', [[0, 10]]],
    ['bytes=90-', [[90, 10]]],
    ['bytes=-10', [[90, 10]]],
    ['bytes=-1000', [[0, 100]]],
    ['bytes=50-1000', [[50, 50]]],
    ['Bytes = 0-0', [[0, 1]]],
    [
      'bytes=0-0, 99-99',
      [
        [0, 1],
        [99, 1],
      ],
    ],
    [
      'bytes=99-99,0-0',
      [
        [99, 1],
        [0, 1],
      ],
    ],
    ['bytes=0-9,5-14', [[0, 15]]],
    ['bytes=0-9,10-19', [[0, 20]]],
    ['bytes=0-9,100-', [[0, 10]]],
    ['bytes=,0-9,', [[0, 10]]],
    [`bytes=${'0-0,'.repeat(1000)}`, [[0, 1]]],
    [`bytes=${'0-,'.repeat(1000)}`, [[0, 100]]],
  ])('%j', (field, parts) => {
    expect(parseRanges(field, 100)).toEqual(parts.map(([offset, length]) => ({ offset, length })))
  })

  test.each([
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=200-300,400-', 'unsatisfiable'],
    ['bytes=9999999999999999999999-', 'unsatisfiable'],
    ['bytes=9-0', 'whole'],
    ['bytes=0-9,x', 'whole'],
    ['bytes=', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=--1', 'whole'],
    ['bytes=1-2-3', 'whole'],
    ['bytes=0x1-2', 'whole'],
    ['lines=0-9', 'whole'],
    ['\xa0bytes=0-9', 'whole'],
    ['bytes\xa0=0-9', 'whole'],
    ['bytes=0-9\xa0', 'whole'],
    ['0-9', 'whole'],
    [
      `bytes=${Array.from({ length: 40 }, (_, index) => `${index * 2}-${index * 2}`).join()}`,
      'whole',
    ],
  ])('%j is %s', (field, result) => {
    expect(parseRanges(field, 100)).toBe(result)
  })

  test('never make a response longer than the file', () => {
    const spec = fc
      .tuple(fc.nat(120), fc.nat(120))
      .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`)
    fc.assert(
      fc.property(fc.array(spec, { minLength: 1, maxLength: 1000 }), (specs) => {
        const ranges = parseRanges(`bytes=${specs.join(',')}`, 100)
        if (typeof ranges === 'string') return
        expect(ranges.length).toBeLessThanOrEqual(16)
        expect(ranges.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(100)
      }),
    )
  })
})

describe('file paths', () => {
  test.each([
    ['', ''],
    ['/', '/'],
    ['/a/b.txt', '/a/b.txt'],
    ['/a/', '/a/'],
    ['/a%20b', '/a b'],
    ['/%C3%A9', '/\u00e9'],
    ['/%2561', '/%61'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a..b', '/a..b'],
  ])('%j leads to %j', (rest, path) => {
    expect(resolveFilePath(rest)).toBe(path)
  })

  test.each(
    [
      '/..',
      '/../x',
      '/%2e%2e/x',
      '/a/../b',
      '/./a',
      '/.env',
      '/%2eenv',
      '/a/.git/config',
      '/a/%2Egit/config',
      '/a%2fb',
      '/a%2Fb',
      '/a%5cb',
      '/a\\b',
      '/a%00',
      '/a%00.txt',
      '//a',
      '/a//b',
      '/a//',
      '/.well-known/.x',
      '/.well-known/../.env',
      '/x/.well-known/y',
      '/.',
      '/a/..',
      '/.well-known',
    ].map((rest) => [rest]),
  )('%j leads nowhere', (rest) => {
    expect(resolveFilePath(rest)).toBeUndefined()
  })
})
