import { expect } from 'vitest'

import { accepted, either, get, HOST, refused, SMUGGLED, type Row } from './row.ts'

const TOO_LARGE = [400, 413, 431]
const TOO_LONG = [400, 413, 414, 431]

function field(text: string): Row {
  return refused(`field ${JSON.stringify(text)}`, get(`${text}\r\n`) + SMUGGLED)
}

function badHost(value: string): Row {
  return refused(
    `Host ${JSON.stringify(value)}`,
    `GET /first HTTP/1.1\r\nHost: ${value}\r\n\r\n${SMUGGLED}`,
  )
}

function goodHost(value: string): Row {
  return accepted(
    `Host ${JSON.stringify(value)}`,
    `GET /first HTTP/1.1\r\nHost: ${value}\r\n\r\n`,
    {
      check: (seen) => expect(seen[0]?.host).toBe(value),
    },
  )
}

/** Header fields: syntax, Host, forbidden names, sizes. */
export const FIELDS: readonly Row[] = [
  // Syntax
  ...[
    'X',
    'X Y',
    ': x',
    ' : x',
    'X : 1',
    'X\t: 1',
    'X Y: 1',
    '"X": 1',
    'X(1): 1',
    'X@: 1',
    'X/Y: 1',
    'X\x00Y: 1',
    'X\x01: 1',
    'X\x7f: 1',
    'X\x85: 1',
    'X\xc3\xa9: 1',
    'X: \x00',
    'X: a\x00b',
    'X: a\x01b',
    'X: a\x08b',
    'X: a\x0bb',
    'X: a\x0cb',
    'X: a\x1bb',
    'X: a\x7fb',
    'X: a\rb',
    'X: a\nb',
    'X: a\n',
    'X: a\r',
    'X\r: a',
    'X\n: a',
    'X: a\r\n b',
    'X: a\r\n\tb',
    'X:\r\n b',
    'X: a\n b',
    'X: a\r\n : b',
    '[X]: 1',
    '{X}: 1',
    'X=1',
    'GET /smuggled HTTP/1.1',
  ].map((text) => field(text)),
  refused(
    'a folded line right behind the request line',
    `GET /first HTTP/1.1\r\n X: 1\r\n${HOST}\r\n${SMUGGLED}`,
  ),
  refused(
    'a tab right behind the request line',
    `GET /first HTTP/1.1\r\n\tX: 1\r\n${HOST}\r\n${SMUGGLED}`,
  ),
  refused('a line of a blank', get(' \r\n') + SMUGGLED),
  refused('head ends with LF LF', `GET /first HTTP/1.1\r\nHost: taipan.test\n\n${SMUGGLED}`),
  refused('head ends with CRLF LF', `GET /first HTTP/1.1\r\n${HOST}\n${SMUGGLED}`),
  refused('head ends with LF CRLF', `GET /first HTTP/1.1\r\nHost: taipan.test\n\r\n${SMUGGLED}`),
  refused('head ends with CR CR LF', `GET /first HTTP/1.1\r\n${HOST}\r\r\n${SMUGGLED}`),
  refused('head ends with CRLF CR', `GET /first HTTP/1.1\r\n${HOST}\r${SMUGGLED}`),
  accepted('an empty value', get('X:\r\n'), {
    check: (seen) => expect(seen[0]?.headers['HTTP_X']).toBe(''),
  }),
  accepted('a value of blanks', get('X: \t \r\n'), {
    check: (seen) => expect(seen[0]?.headers['HTTP_X']).toBe(''),
  }),
  accepted('blanks around a value', get('X: \t a b \t\r\n'), {
    check: (seen) => expect(seen[0]?.headers['HTTP_X']).toBe('a b'),
  }),
  accepted('colons in a value', get('X::a:b\r\n'), {
    check: (seen) => expect(seen[0]?.headers['HTTP_X']).toBe(':a:b'),
  }),
  accepted('NEL is a byte like others', get('X: a\x85b\r\n'), {
    check: (seen) => expect(seen[0]?.headers['HTTP_X']).toBe('a\x85b'),
  }),
  accepted('UTF-8 in a value', get('X: \xc3\xa9\r\n'), {
    check: (seen) => expect(seen[0]?.headers['HTTP_X']).toBe('\xc3\xa9'),
  }),
  accepted('UTF-8 line separators in a value', get('X: a\xe2\x80\xa8b\r\n'), {
    check: (seen) => expect(seen[0]?.headers['HTTP_X']).toBe('a\xe2\x80\xa8b'),
  }),
  accepted('every token character in a name', get("!#$%&'*+-.^`|~09azAZ: 1\r\n")),
  accepted('a tab in a value', get('X: a\tb\r\n')),
  accepted(
    'an underscore name never arrives',
    get('X_Forwarded_For: evil\r\nX-Forwarded-For: good\r\n'),
    {
      check: (seen) => expect(seen[0]?.headers['HTTP_X_FORWARDED_FOR']).toBe('good'),
    },
  ),
  accepted('an underscore name alone never arrives', get('Remote_User: root\r\nX_A: 1\r\n'), {
    check: (seen) => {
      expect(seen[0]?.headers).not.toHaveProperty('HTTP_X_A')
      expect(seen[0]?.headers).not.toHaveProperty('HTTP_REMOTE_USER')
    },
  }),
  accepted('Proxy never arrives', get('Proxy: http://evil.test\r\npROXY: x\r\n'), {
    check: (seen) => expect(seen[0]?.headers).not.toHaveProperty('HTTP_PROXY'),
  }),

  // Host
  refused('no Host', `GET /first HTTP/1.1\r\n\r\n${SMUGGLED}`),
  refused('no Host but another field', `GET /first HTTP/1.1\r\nX: 1\r\n\r\n${SMUGGLED}`),
  refused('two equal Hosts', `GET /first HTTP/1.1\r\n${HOST}${HOST}\r\n${SMUGGLED}`),
  refused('two Hosts', `GET /first HTTP/1.1\r\n${HOST}Host: other.test\r\n\r\n${SMUGGLED}`),
  refused('two Hosts, one empty', `GET /first HTTP/1.1\r\n${HOST}Host:\r\n\r\n${SMUGGLED}`),
  refused(
    'two Hosts in two cases',
    `GET /first HTTP/1.1\r\n${HOST}HOST: other.test\r\n\r\n${SMUGGLED}`,
  ),
  refused('two Hosts in 1.0', `GET /first HTTP/1.0\r\n${HOST}${HOST}\r\n${SMUGGLED}`),
  refused(
    'a space before the colon of Host',
    `GET /first HTTP/1.1\r\nHost : taipan.test\r\n\r\n${SMUGGLED}`,
  ),
  refused('a folded Host', `GET /first HTTP/1.1\r\nHost:\r\n taipan.test\r\n\r\n${SMUGGLED}`),
  refused('an invalid Host in 1.0', `GET /first HTTP/1.0\r\nHost: a b\r\n\r\n${SMUGGLED}`),
  ...[
    'a b',
    'a/b',
    'a?b',
    'a#b',
    'a@b',
    'user:pw@a',
    'a\\b',
    'a\tb',
    'a"b',
    'a<b>',
    'a|b',
    'a^b',
    'a`b',
    'a{b}',
    'a%zz',
    'a%',
    'a:b',
    'a:80x',
    'a:80:80',
    'a:-1',
    'a: 80',
    'http://a',
    '//a',
    '[::1',
    '::1',
    '[::1]x',
    '[::1]:x',
    '[]',
    '[a b]',
    'a]',
    '\xc3\xa9.test',
    'a\x80',
    'a b, c',
    '<script>',
    'a\x00',
    'taipan.test, other.test',
  ].map((value) => badHost(value)),
  ...[
    'a:80',
    '127.0.0.1',
    '[::1]',
    '[::1]:8000',
    'a-b.c_d',
    'UPPER.test',
    'a.',
    'xn--bcher-kva.example',
  ].map((value) => goodHost(value)),
  either('an empty Host', 'GET /first HTTP/1.1\r\nHost:\r\n\r\n'),
  either('a Host with an empty port', 'GET /first HTTP/1.1\r\nHost: a:\r\n\r\n'),
  either('a Host with port 99999', 'GET /first HTTP/1.1\r\nHost: a:99999\r\n\r\n'),
  accepted('no Host in 1.0', 'GET /first HTTP/1.0\r\n\r\n', { closes: true }),

  // Sizes
  accepted('a path of 8 KB', get('', `/${'p'.repeat(8191)}`)),
  accepted('a query of 8 KB', get('', `/first?${'q'.repeat(8191)}`), {
    check: (seen) => expect(seen[0]?.query).toHaveLength(8191),
  }),
  accepted('a cookie of 8 KB', get(`Cookie: ${'c'.repeat(8192)}\r\n`), {
    check: (seen) => expect(seen[0]?.headers['HTTP_COOKIE']).toHaveLength(8192),
  }),
  accepted(
    'path, query and cookie of 8 KB each',
    get(`Cookie: ${'c'.repeat(8192)}\r\n`, `/${'p'.repeat(8191)}?${'q'.repeat(8191)}`),
  ),
  accepted('90 fields', get(Array.from({ length: 90 }, (_, i) => `X-${i}: ${i}\r\n`).join(''))),
  refused('a path of 100 KB', get('', `/${'p'.repeat(100_000)}`) + SMUGGLED, TOO_LONG),
  refused('a query of 100 KB', get('', `/first?${'q'.repeat(100_000)}`) + SMUGGLED, TOO_LONG),
  refused('a field of 100 KB', get(`X: ${'x'.repeat(100_000)}\r\n`) + SMUGGLED, TOO_LARGE),
  refused('a field name of 100 KB', get(`${'X'.repeat(100_000)}: 1\r\n`) + SMUGGLED, TOO_LARGE),
  refused('a field of 100 KB blanks', get(`X:${' '.repeat(100_000)}\r\n`) + SMUGGLED, TOO_LARGE),
  refused(
    'a Host of 100 KB',
    `GET /first HTTP/1.1\r\nHost: ${'a'.repeat(100_000)}\r\n\r\n${SMUGGLED}`,
    TOO_LARGE,
  ),
  refused(
    'a cookie in 100 KB of lines',
    get(`Cookie: ${'c'.repeat(990)}\r\n`.repeat(100)) + SMUGGLED,
    TOO_LARGE,
  ),
  refused(
    '10,000 fields',
    get(Array.from({ length: 10_000 }, (_, i) => `X-${i}: ${i}\r\n`).join('')) + SMUGGLED,
    TOO_LARGE,
  ),
  refused('10,000 empty fields', get('X:\r\n'.repeat(10_000)) + SMUGGLED, TOO_LARGE),
  refused('5,000 tiny fields', get('a:\r\n'.repeat(5000)) + SMUGGLED, TOO_LARGE),
  refused('a request line that never ends', `GET /${'a'.repeat(1_000_000)}`, TOO_LONG, {
    bulky: true,
  }),
  refused(
    'a field that never ends',
    `GET /first HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(1_000_000)}`,
    TOO_LARGE,
    { bulky: true },
  ),
  refused(
    'a head that never ends',
    `GET /first HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(200_000)}`,
    TOO_LARGE,
    { bulky: true },
  ),
  refused('empty lines that never end', '\r\n'.repeat(500_000), TOO_LARGE, { bulky: true }),
]
