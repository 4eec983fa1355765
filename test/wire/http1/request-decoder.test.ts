import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decode, decodeHead, LIMITS } from './decode.ts'

const HOST = 'Host: a.test\r\n'

function get(fields = '', line = 'GET / HTTP/1.1'): string {
  return `${line}\r\n${HOST}${fields}\r\n`
}

function chunked(body: string): string {
  return `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${body}`
}

describe('a request head', () => {
  test('has its parts as they were sent', () => {
    const head = decodeHead(
      'GET /a%20b/?x=1?y HTTP/1.1\r\nHOST: a.test:80\r\nX:  a\tb \r\nx:\r\nX: \xe9\r\n\r\n',
    )
    expect(head).toMatchObject({
      method: 'GET',
      target: '/a%20b/?x=1?y',
      path: '/a%20b/',
      query: 'x=1?y',
      version: '1.1',
      host: 'a.test:80',
      fields: ['HOST', 'a.test:80', 'X', 'a\tb', 'x', '', 'X', '\xe9'],
      bodyLength: 0,
      keepAlive: true,
      expectsContinue: false,
    })
  })

  test.each([
    ['http://b.test:81/x?y', '/x?y', 'b.test:81'],
    ['HTTPS://b.test', '/', 'b.test'],
    ['http://b.test?y=/', '/?y=/', 'b.test'],
    ['http://[::1]:80/', '/', '[::1]:80'],
  ])('in absolute form (%s) overrides Host', (target, expected, host) => {
    const head = decodeHead(get('X: 1\r\n', `GET ${target} HTTP/1.1`))
    expect(head).toMatchObject({ target: expected, host, fields: ['Host', host, 'X', '1'] })
  })

  test('with the same fields as the last one shares them, frozen', () => {
    const other = 'GET http://b.test/ HTTP/1.1\r\nHost: a.test\r\nX: 1\r\n\r\n'
    const { requests } = decode([
      get('X: 1\r\n', 'GET /a HTTP/1.1'),
      get('X: 1\r\n', 'POST /b HTTP/1.0'),
      other,
      get('X: 1\r\n', 'GET /c HTTP/1.1'),
      get('X: 2\r\n'),
      get('X: 2\r\n'),
    ])
    const heads = requests.map(({ head }) => head)
    expect(heads.map(({ target, host }) => [target, host])).toEqual([
      ['/a', 'a.test'],
      ['/b', 'a.test'],
      ['/', 'b.test'],
      ['/c', 'a.test'],
      ['/', 'a.test'],
      ['/', 'a.test'],
    ])
    const [first, second, absolute, third, changed, last] = heads.map(({ fields }) => fields)
    expect(first).toEqual(['Host', 'a.test', 'X', '1'])
    expect([second === first, third === first, last === changed]).toEqual([true, true, true])
    expect(Object.isFrozen(first)).toBe(true)
    expect(absolute).toEqual(['Host', 'b.test', 'X', '1'])
    expect(changed).toEqual(['Host', 'a.test', 'X', '2'])
    expect(heads.map(({ keepAlive }) => keepAlive)).toEqual([true, false, true, true, true, true])
  })

  test('in absolute form gets a Host if HTTP/1.0 sent none', () => {
    const head = decodeHead('GET http://b.test/ HTTP/1.0\r\n\r\n')
    expect(head).toMatchObject({ host: 'b.test', fields: ['Host', 'b.test'] })
  })

  test('of OPTIONS may concern the whole server', () => {
    expect(decodeHead(get('', 'OPTIONS * HTTP/1.1')).target).toBe('*')
    expect(decodeHead(get('', 'OPTIONS http://b.test HTTP/1.1')).target).toBe('*')
  })

  test.each([
    ['1.1', '', true],
    ['1.1', 'Connection: close\r\n', false],
    ['1.1', 'Connection: foo, Close\r\n', false],
    ['1.1', 'Connection: keep-alive\r\nConnection: close\r\n', false],
    ['1.1', 'Connection: closed\r\n', true],
    ['1.1', 'Connection: "close"\r\n', true],
    ['1.1', 'Connection: foo,\t close \r\n', false],
    // 0xA0 is a byte of the value, although it looks like a blank.
    ['1.1', 'Connection: close\xa0\r\n', true],
    ['1.1', 'Connection: \xa0close\r\n', true],
    ['1.0', '', false],
    ['1.0', 'Connection: Keep-Alive\r\n', true],
    ['1.0', 'Connection: keep-alive, close\r\n', false],
    ['1.0', 'Connection: keep-alive\xa0\r\n', false],
  ])('of HTTP/%s with %j keeps the connection: %s', (version, fields, keepAlive) => {
    expect(decodeHead(get(fields, `GET / HTTP/${version}`)).keepAlive).toBe(keepAlive)
  })

  test('waits for 100 only with a body and in HTTP/1.1', () => {
    const expects = 'Expect: 100-Continue\r\n'
    const length = 'Content-Length: 5\r\n'
    expect(decodeHead(get(expects + length)).expectsContinue).toBe(true)
    expect(decodeHead(get(expects)).expectsContinue).toBe(false)
    expect(decodeHead(get(expects + length, 'POST / HTTP/1.0')).expectsContinue).toBe(false)
    expect(decodeHead(get(`Expect: x\r\n${length}`)).expectsContinue).toBe(false)
  })

  test.each([
    'a',
    'a.b_c-d:80',
    '127.0.0.1:65535',
    '[::1]',
    '[::ffff:1.2.3.4]:8',
    '[1:2:3:4:5:6:7:8]',
    'a%20b',
    'a:',
    '',
  ])('may name the host %j', (host) => {
    expect(decodeHead(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`).host).toBe(host)
  })
})

const REFUSED: readonly (readonly [string, number])[] = [
  ['GET /\r\n\r\n', 400],
  [get('', 'GET / HTTP/0.9'), 400],
  [get('', 'GET / RTSP/1.0'), 400],
  [get('', 'GET / http/1.1'), 400],
  [get('', 'GET / HTTP/1.10'), 400],
  [get('', 'GET / HTTP/1.1 '), 400],
  [get('', 'GET  / HTTP/1.1'), 400],
  [get('', 'GET /  HTTP/1.1'), 400],
  [get('', 'GET\t/ HTTP/1.1'), 400],
  [get('', ' GET / HTTP/1.1'), 400],
  [get('', 'GET /a b HTTP/1.1'), 400],
  [get('', 'GET /#a HTTP/1.1'), 400],
  [get('', 'GET /\x00 HTTP/1.1'), 400],
  [get('', 'GET /\x7f HTTP/1.1'), 400],
  [get('', 'GET /\xc3\xa9 HTTP/1.1'), 400],
  [get('', 'GET * HTTP/1.1'), 400],
  [get('', 'GET a HTTP/1.1'), 400],
  [get('', 'GET ftp://a/ HTTP/1.1'), 400],
  [get('', 'GET http:///a HTTP/1.1'), 400],
  [get('', 'GET http://u@a/ HTTP/1.1'), 400],
  [get('', 'GET http://a:99999/ HTTP/1.1'), 400],
  [get('', 'GET / HTTP/2.0'), 505],
  [get('', 'GET / HTTP/1.2'), 505],
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  [get('', 'CONNECT /a HTTP/1.1'), 501],
  [get('', 'BREW / HTTP/1.1'), 501],
  [get('', 'get / HTTP/1.1'), 501],
  ['\x16\x03\x01\x02\x00\x01\x00', 400],
  ['GET / HTTP/1.1\nHost: a\n\n', 400],
  ['GET / HTTP/1.1\r\nHost: a\n\r\n', 400],
  ['GET / HTTP/1.1\r\nHost: a\r\r\n\r\n', 400],
  ['GET / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n', 400],
  [get('X: a\r\n b\r\n'), 400],
  [get('X : a\r\n'), 400],
  [get(': a\r\n'), 400],
  [get('X\r\n'), 400],
  [get('X: a\x00\r\n'), 400],
  [get('X: a\x0b\r\n'), 400],
  [get('X\xe9: a\r\n'), 400],
  ['GET / HTTP/1.1\r\n\r\n', 400],
  [get(HOST), 400],
  [get(HOST, 'GET / HTTP/1.0'), 400],
  ...[
    'a b',
    'a@b',
    'a/b',
    'a:x',
    'a:65536',
    ':80',
    '[::1',
    '[]',
    '[1:2]',
    '[::1]x',
    '[1::2::3]',
    'a%zz',
    '\xe9',
  ].map((host): readonly [string, number] => [`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 400]),
  ...['', '+1', '-1', '1,1', '1, 1', '0x1', '1 1', '1e1', '99999999999999999999'].map(
    (length): readonly [string, number] => [get(`Content-Length: ${length}\r\n`), 400],
  ),
  [get('Content-Length: 1\r\nContent-Length: 1\r\n'), 400],
  [get('Content-Length: 9999999999\r\n'), 413],
  [get('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n'), 400],
  [get('Transfer-Encoding: chunked\r\nContent-Length: 0\r\n'), 400],
  [get('Transfer-Encoding: chunked\r\n', 'GET / HTTP/1.0'), 400],
  [get('Transfer-Encoding:\r\n'), 400],
  [get('Transfer-Encoding: chunked, chunked\r\n'), 400],
  [get('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'), 400],
  [get('Transfer-Encoding: chunked, gzip\r\n'), 400],
  [get('Transfer-Encoding: , chunked\r\n'), 400],
  [get('Transfer-Encoding: gzip\r\n'), 501],
  [get('Transfer-Encoding: gzip, chunked\r\n'), 501],
  [get('Transfer-Encoding: identity\r\n'), 501],
  [get('Transfer-Encoding: xchunked\r\n'), 501],
  ['\r\n\r\n\r\n', 400],
  ['\n', 400],
  ['\rGET', 400],
  ...[
    'zz\r\n',
    '\r\n',
    '5\n',
    '5 \r\nhello',
    '0x5\r\nhello',
    '-5\r\n',
    '5;\r\n',
    '5; a\r\n',
    '5;a=\r\n',
    '5;a="\r\n',
    '5;a\n',
    '5\r\nhello!',
    '5\r\nhello\n',
    '5\r\nhello\r\r',
    '0\r\nX\r\n',
    '0\r\ncontent-length: 1\r\n\r\n',
    '0\r\nTransfer-Encoding: x\r\n\r\n',
    '0\r\n X: a\r\n',
    '0\r\nX: a\n',
    '0\r\n\n',
    '00000000000000005\r\n',
    `5;${'x'.repeat(5000)}`,
  ].map((body): readonly [string, number] => [chunked(body), 400]),
  [chunked('ffffffffffff\r\n'), 413],
  [chunked(`0\r\nX: ${'x'.repeat(70_000)}`), 431],
  [chunked(`0\r\n${'X:\r\n'.repeat(201)}`), 431],
  [get('', `GET /${'x'.repeat(40_000)} HTTP/1.1`), 414],
  [`GET /${'x'.repeat(40_000)}`, 414],
  [get(`X: ${'x'.repeat(70_000)}\r\n`), 431],
  [`GET / HTTP/1.1\r\nX: ${'x'.repeat(70_000)}`, 431],
  [get('X:\r\n'.repeat(200)), 431],
]

describe('refused', () => {
  test.each(
    REFUSED.map(([text, status]) => [JSON.stringify(text).slice(0, 90), text, status] as const),
  )('%s', (_title, text, status) => {
    expect(decode([text])).toMatchObject({
      refused: status,
      requests: { length: decode([text]).requests.length },
    })
    if (text.length < 2000) expect(decode(text.split('')).refused).toBe(status)
  })
})

test('a head within all limits is accepted', () => {
  expect(
    decode([get('X:\r\n'.repeat(199), `GET /${'x'.repeat(32_000)} HTTP/1.1`)]).requests,
  ).toHaveLength(1)
  expect(decode([get(`X: ${'x'.repeat(65_000)}\r\n`)]).requests).toHaveLength(1)
})

describe('bodies', () => {
  test('of a known length are followed by the next request', () => {
    const { requests } = decode([
      `${get('Content-Length: 5\r\n')}hello${get('', 'PUT /2 HTTP/1.1')}`,
    ])
    expect(requests.map((one) => [one.head.method, one.body])).toEqual([
      ['GET', 'hello'],
      ['PUT', ''],
    ])
  })

  test('of chunks lose chunk lines, extensions and trailers', () => {
    const body =
      '5;a;b=c;d="x\\"y;"\r\nhello\r\n00A\r\n0123456789\r\n0;x\r\nX: y\r\nHost: b\r\n\r\n'
    const { requests, refused } = decode([chunked(body) + get()])
    expect(refused).toBeUndefined()
    expect(requests.map((one) => one.body)).toEqual(['hello0123456789', ''])
    expect(requests[0]?.head.fields).not.toContain('X')
  })

  test('of chunks are refused when they grow over the limit', () => {
    const limits = { ...LIMITS, body: 10 }
    expect(
      decode([chunked('5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n')], limits).refused,
    ).toBeUndefined()
    expect(decode([chunked('5\r\nhello\r\n6\r\n')], limits).refused).toBe(413)
    expect(decode([get('Content-Length: 11\r\n')], limits).refused).toBe(413)
  })

  test('have extensions limited over all chunks', () => {
    const chunk = `1;${'x'.repeat(4000)}\r\na\r\n`
    expect(decode([chunked(chunk.repeat(20))]).refused).toBe(400)
  })
})

test('any division of the bytes gives the same result', () => {
  const streams = [
    `\r\n${get('X: y\r\n')}${get('Content-Length: 5\r\n')}hello\r\n${get()}`,
    chunked('5;a="b"\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n') + get(),
    `${get('Connection: close\r\n')}junk`,
    get() + chunked('5\r\nhellooo'),
    ...REFUSED.map(([text]) => text).filter((text) => text.length < 500),
  ]
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(
      fc.constantFrom(...streams),
      cuts,
      fc.integer({ min: 1, max: 9 }),
      (text, sizes, room) => {
        const pieces: string[] = []
        let at = 0
        for (let i = 0; at < text.length; i++) {
          const size = sizes[i % sizes.length] ?? 1
          pieces.push(text.slice(at, at + size))
          at += size
        }
        const whole = decode([text])
        const cut = decode(pieces, LIMITS, room)
        expect(cut.refused).toBe(whole.refused)
        expect(cut.requests.map((one) => [one.head, one.complete])).toEqual(
          whole.requests.map((one) => [one.head, one.complete]),
        )
        if (whole.refused === undefined)
          expect(cut.requests.map((one) => one.body)).toEqual(whole.requests.map((one) => one.body))
      },
    ),
    { numRuns: 500 },
  )
})
