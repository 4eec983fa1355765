import { describe, expect, test } from 'vitest'

import { TaipanError } from '../../src/core/errors.ts'
import { validateConfig } from '../../src/server/config/validate.ts'
import { parseDuration, parseSize } from '../../src/server/option-types/units.ts'

function messageOf(value: unknown, sources: Record<string, string> = {}): string {
  try {
    const given = Object.entries(sources).map(
      ([key, name]) =>
        [key, { name, kind: name.startsWith('-') ? 'argument' : 'variable' }] as const,
    )
    validateConfig({ value, sources: new Map(given) })
  } catch (error) {
    if (error instanceof TaipanError) return `${error.code} ${error.message}`
    throw error
  }
  return 'valid'
}

describe('wrong keys', () => {
  test.each([
    [
      { apps: { shop: { taget: 'x:y' } } },
      /apps\.shop\.taget: unknown key \(found "x:y"\)\. Did you mean target\?/,
    ],
    [
      { routes: [{ path: '/', upstream: 'scgi://a:1', parms: { KEY: 'sesame' } }] },
      /parms: unknown key \(found a value of type object\)\. Did you mean params\?/,
    ],
    [{ bnd: '127.0.0.1:0' }, /bnd: unknown key .* Did you mean bind\?/],
    [{ routes: [{ path: '/', ap: 'x' }] }, /routes\[0\]\.ap: unknown key .* Did you mean app\?/],
    [
      { groups: { web: { queue: { limt: 3 } } } },
      /groups\.web\.queue\.limt: .*Did you mean limit\?/,
    ],
    [{ groups: { web: { timeouts: { idle: 3 } } } }, /groups\.web\.timeouts\.idle: unknown key/],
    [{ limits: { bodys: 1 } }, /limits\.bodys: .* Did you mean body\?/],
    [
      { log: { zzzzzz: 1 } },
      /log\.zzzzzz: .* Known here: level, format, to, access, accessFormat, accessFile\./,
    ],
    [{ apps: { 'my shop': { targett: 'x' } } }, /apps\["my shop"\]\.targett/],
    [{ config: 'x' }, /config: is an option of the command line/],
  ])('%j', (value, message) => {
    expect(messageOf(value)).toMatch(message)
  })
})

describe('wrong values', () => {
  test.each([
    [
      { threads: 'four' },
      /threads: expected a whole number from 0 to 512, or "main", found "four"/,
    ],
    [{ threads: 0 }, /threads: expected .* found 0/],
    [
      { processes: 'many' },
      /processes: expected a whole number from 1 to 512, "auto", or a range .*, found "many"/,
    ],
    [
      { timeouts: { body: '30 parsecs' } },
      /timeouts\.body: expected a duration.*"30s".*found "30 parsecs"/,
    ],
    [{ timeouts: { body: -1 } }, /timeouts\.body: expected a duration.*found -1/],
    [{ timeouts: { body: '99999h' } }, /timeouts\.body: expected a duration of at most 24 days/],
    [{ limits: { body: '10 mibs' } }, /limits\.body: expected a size.*found "10 mibs"/],
    [{ log: { level: 'loud' } }, /log\.level: expected "debug" or "info".*found "loud"/],
    [{ reload: 'yes' }, /reload: expected true or false, found "yes"/],
    [
      { log: { access: 'yes' } },
      /log\.access: expected true, false, or an object like { format: 'combined' }, found "yes"/,
    ],
    [{ routes: {} }, /routes: expected a list of routes, found \{\}/],
    [{ routes: [{ path: '/', redirect: '/x', status: 200 }] }, /routes\[0\]\.status: expected 301/],
    [{ bind: 8000 }, /bind: expected a text or a list of texts, found 8000/],
    [
      { groups: { web: { engine: 'inline' } } },
      /groups\.web\.engine: expected "daemon" or "embedded", found "inline"/,
    ],
    [
      { engine: 'embedded', groups: { web: { engine: 'daemon', threads: 0 } } },
      /groups\.web\.threads: expected .* found 0; .*needs the engine "embedded"/,
    ],
    [{ loop: 'trio' }, /loop: expected "auto" or "asyncio" or "uvloop", found "trio"/],
    [{ concurrency: 0 }, /concurrency: expected a whole number from 1 to 65535, found 0/],
    [{ apps: [] }, /apps: expected an object of applications/],
    [{ app: '' }, /app: expected a text that is not empty/],
    [[], /the configuration: expected an object of options, found \[\]/],
    [{ limits: 5 }, /limits: expected an object of options, found 5/],
    [{ groups: { '': {} } }, /groups\[""\]: the name must be a text that is not empty/],
    [{ static: { 'a=b': 'x' } }, /static\["a=b"\]: the name must be a name without "=" and NUL/],
    [{ static: { '/': 'a\0b' } }, /static\["\/"\]: expected a text without NUL/],
    [{ static: new Map() }, /static: expected an object of names and texts/],
    [{ bind: ['x', ''] }, /bind\[1\]: expected a text that is not empty, found ""/],
    [{ app: null }, /app: expected a text, found null/],
    [
      { apps: { shop: { callableQueryName: 5 } } },
      /apps\.shop\.callableQueryName: expected a text/,
    ],
    [
      { routes: [{ static: '.', index: true }] },
      /routes\[0\]\.index: expected a file name, a list of them, or false/,
    ],
    [
      { routes: [{ cacheControl: 'é' }] },
      /routes\[0\]\.cacheControl: expected the value of a header/,
    ],
    [{ log: { accessFormat: '%z' } }, /log\.accessFormat: expected .*found "%z"/],
  ])('%j', (value, message) => {
    expect(messageOf(value)).toMatch(message)
  })

  test('all problems are reported at once', () => {
    const message = messageOf({ threads: 0, bnd: 1, log: { level: 'x' } })
    expect(message).toMatch(/^CONFIG_INVALID 3 problems/)
    for (const name of ['threads', 'bnd', 'log.level']) expect(message).toContain(name)
  })

  test('values of environment variables are not shown', () => {
    const message = messageOf({ env: { PASSWORD: 12345678 } })
    expect(message).toMatch(/env\.PASSWORD: expected a text, found a value of type number/)
    expect(message).not.toContain('12345678')
  })

  test('the message names a flag as it was written, and is a usage error', () => {
    expect(messageOf({ threads: 'x' }, { threads: '--threads' })).toMatch(
      /^USAGE --threads: expected/,
    )
    expect(messageOf({ threads: 'x' }, { threads: 'TAIPAN_THREADS' })).toMatch(
      /^CONFIG_INVALID TAIPAN_THREADS: expected/,
    )
  })
})

test('defaults are filled in and units turned into numbers', () => {
  const config = validateConfig({ value: { timeouts: { idle: '2m' } }, sources: new Map() })
  expect(config.timeouts).toMatchObject({ idle: 120_000, header: 30_000 })
  expect(config.limits).toMatchObject({ headerBytes: 65_536, headerCount: 200 })
  expect(config).toMatchObject({
    bind: ['127.0.0.1:8000'],
    processes: 1,
    engine: 'daemon',
  })
})

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['1.5s', 1500],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['30', undefined],
  ['-1s', undefined],
])('duration %s', (text, expected) => {
  expect(parseDuration(text)).toBe(expected)
})

test.each([
  ['512b', 512],
  ['64kb', 65_536],
  ['10MB', 10_485_760],
  ['1gb', 1_073_741_824],
  ['10', undefined],
  ['1tb', undefined],
])('size %s', (text, expected) => {
  expect(parseSize(text)).toBe(expected)
})
