import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { TaipanError, type ErrorCode } from '../../../src/core/errors.ts'
import { parseCgiRequest, type CgiRequest } from '../../../src/wire/cgi-request/request.ts'

const LIMITS = { headerBytes: 1000, headerCount: 10, targetBytes: 100, body: 1000 }

function parse(variables: Readonly<Record<string, string>>): CgiRequest {
  const pairs = Object.entries({ REQUEST_METHOD: 'GET', ...variables }).flat()
  return parseCgiRequest(pairs, { limits: LIMITS })
}

function refusal(act: () => unknown): ErrorCode | undefined {
  try {
    act()
  } catch (error) {
    if (error instanceof TaipanError) return error.code
    throw error
  }
  return undefined
}

describe('the target', () => {
  test.each<[string, Record<string, string>, [mount: string, target: string]]>([
    ['SCRIPT_NAME and PATH_INFO', { SCRIPT_NAME: '/m', PATH_INFO: '/x' }, ['/m', '/m/x']],
    ['an empty PATH_INFO', { SCRIPT_NAME: '/m', PATH_INFO: '' }, ['/m', '/m']],
    ['nothing of both', { SCRIPT_NAME: '', PATH_INFO: '' }, ['', '/']],
    ['no PATH_INFO', { SCRIPT_NAME: '/m/x', QUERY_STRING: 'q=1' }, ['', '/m/x?q=1']],
    ['DOCUMENT_URI only', { DOCUMENT_URI: '/a b', REQUEST_URI: '/a%20b?q' }, ['', '/a%20b?q']],
    ['REQUEST_URI only', { REQUEST_URI: '/a%2Fb?q=%20' }, ['', '/a%2Fb?q=%20']],
    ['an empty query', { REQUEST_URI: '/a?', PATH_INFO: '/a' }, ['', '/a?']],
    [
      'the spelling of the client',
      { SCRIPT_NAME: '/m', PATH_INFO: '/a/b', REQUEST_URI: '/%6d/a%2Fb' },
      ['/m', '/%6d/a%2Fb'],
    ],
    ['a path that was rewritten', { PATH_INFO: '/new', REQUEST_URI: '/old' }, ['', '/new']],
    ['bytes that need escapes', { PATH_INFO: '/a b?\u00e4%' }, ['', '/a%20b%3F%E4%25']],
    ['raw bytes in REQUEST_URI', { PATH_INFO: '/\u00e4', REQUEST_URI: '/\u00e4' }, ['', '/%E4']],
    ['a slash at the end of the mount', { SCRIPT_NAME: '/', PATH_INFO: 'x' }, ['', '/x']],
    ['a mount with a slash', { SCRIPT_NAME: '/m/', PATH_INFO: '/x' }, ['/m', '/m/x']],
    ['another query', { PATH_INFO: '/a', REQUEST_URI: '/a?x', QUERY_STRING: 'y' }, ['', '/a?y']],
    [
      'escapes that Apache has miscounted',
      { SCRIPT_NAME: '/s/a b', PATH_INFO: '/s/a%20b/c/d', REQUEST_URI: '/s/a%20b/c%2Fd?q' },
      ['', '/s/a%20b/c%2Fd?q'],
    ],
    ['*', { REQUEST_METHOD: 'OPTIONS', REQUEST_URI: '*' }, ['', '*']],
  ])('%s', (_name, variables, [mount, target]) => {
    const { head, frontServer } = parse(variables)
    expect([frontServer.mount, head.target]).toEqual([mount, target])
    expect(head.path + (target.includes('?') ? `?${head.query}` : '')).toBe(target)
  })
})

test.each<[ErrorCode, Record<string, string>]>([
  ['REQUEST_MALFORMED', { REQUEST_METHOD: '' }],
  ['REQUEST_MALFORMED', { REQUEST_METHOD: 'GE T' }],
  ['NOT_IMPLEMENTED', { REQUEST_METHOD: 'CONNECT' }],
  ['REQUEST_MALFORMED', { PATH_INFO: 'x' }],
  ['REQUEST_MALFORMED', { SCRIPT_NAME: 'm', PATH_INFO: '/x' }],
  ['REQUEST_MALFORMED', { QUERY_STRING: 'a b' }],
  ['REQUEST_MALFORMED', { QUERY_STRING: 'a\r\nb' }],
  ['TARGET_TOO_LONG', { PATH_INFO: `/${'a'.repeat(100)}` }],
  ['REQUEST_MALFORMED', { CONTENT_LENGTH: '-1' }],
  ['REQUEST_MALFORMED', { CONTENT_LENGTH: '1, 1' }],
  ['REQUEST_MALFORMED', { CONTENT_LENGTH: '0x10' }],
  ['BODY_TOO_LARGE', { CONTENT_LENGTH: '1001' }],
  ['REQUEST_MALFORMED', { CONTENT_TYPE: 'a\nb' }],
  ['REQUEST_MALFORMED', { HTTP_X: 'a\u0000' }],
  ['REQUEST_MALFORMED', { 'HTTP_A B': 'x' }],
  ['REQUEST_MALFORMED', { HTTP_: 'x' }],
  ['REQUEST_MALFORMED', { HTTP_HOST: 'a b' }],
  ['REQUEST_MALFORMED', { HTTP_HOST: 'user@a' }],
  ['FIELDS_TOO_LARGE', { HTTP_X: 'x'.repeat(1000) }],
  [
    'FIELDS_TOO_LARGE',
    Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`HTTP_X${i}`, ''])),
  ],
])('%s: %j', (code, variables) => {
  expect(refusal(() => parse(variables))).toBe(code)
})

describe('fields', () => {
  test('that are there twice are joined, and two lengths are refused', () => {
    const pairs = ['REQUEST_METHOD', 'GET', 'HTTP_X_A', '1', 'HTTP_COOKIE', 'a=1']
    const more = ['HTTP_X_A', '2', 'HTTP_COOKIE', 'b=2', 'APP', 'old', 'APP', 'new']
    const { head, variables } = parseCgiRequest([...pairs, ...more], { limits: LIMITS })
    expect(head.fields).toEqual(['x-a', '1, 2', 'cookie', 'a=1; b=2'])
    expect(variables).toEqual(['APP', 'new'])
    const lengths = ['CONTENT_LENGTH', '1', 'CONTENT_LENGTH', '2']
    expect(refusal(() => parseCgiRequest([...pairs, ...lengths], { limits: LIMITS }))).toBe(
      'REQUEST_MALFORMED',
    )
  })

  test('of the connection to the front server, and copies of variables, are none', () => {
    const { head, contentLength } = parse({
      CONTENT_LENGTH: '3',
      CONTENT_TYPE: 'text/plain',
      HTTP_CONTENT_LENGTH: '5',
      HTTP_CONTENT_TYPE: 'text/html',
      HTTP_TRANSFER_ENCODING: 'chunked',
      HTTP_ACCEPT: ' */* ',
    })
    expect(contentLength).toBe(3)
    expect(head.fields).toEqual([
      'content-type',
      'text/plain',
      'content-length',
      '3',
      'accept',
      '*/*',
    ])
  })
})

describe('what the front server says', () => {
  test.each<[string, Record<string, string>, 'http' | 'https']>([
    ['nothing', {}, 'http'],
    ['HTTPS on', { HTTPS: 'on' }, 'https'],
    ['HTTPS off', { HTTPS: 'off', REQUEST_SCHEME: 'https' }, 'http'],
    ['an empty HTTPS', { HTTPS: '', REQUEST_SCHEME: 'https' }, 'https'],
    ['a scheme', { REQUEST_SCHEME: 'https' }, 'https'],
  ])('scheme: %s', (_name, variables, scheme) => {
    expect(parse(variables).connection.scheme).toBe(scheme)
  })

  test('of addresses, unless they are none', () => {
    const { connection } = parse({
      REMOTE_ADDR: 'fe80::1%eth0',
      REMOTE_PORT: '4711',
      SERVER_ADDR: 'unix:/run/x',
      SERVER_PORT: 'http',
    })
    expect(connection).toEqual({
      scheme: 'http',
      remoteAddress: 'fe80::1%eth0',
      remotePort: '4711',
      localAddress: '',
      localPort: '',
      localPath: '',
    })
    expect(parse({ REMOTE_ADDR: 'unix:' }).connection.remoteAddress).toBe('')
  })

  test('besides reaches the application, but for what could pass for something else', () => {
    const { variables } = parse({
      APP_ENV: 'prod',
      EMPTY: '',
      REMOTE_USER: '',
      AUTH_TYPE: '',
      'wsgi.input': 'x',
      'taipan.script_kind': 'x',
      GATEWAY_INTERFACE: 'CGI/1.1',
      FCGI_ROLE: 'FILTER',
      SSL_CLIENT_S_DN: 'CN=ann',
      '': 'x',
    })
    expect(variables).toEqual(['APP_ENV', 'prod', 'EMPTY', '', 'SSL_CLIENT_S_DN', 'CN=ann'])
  })
})

test('no variables make it throw anything else, or give a request that HTTP would not', () => {
  const NAMES = ['REQUEST_METHOD', 'REQUEST_URI', 'SCRIPT_NAME', 'PATH_INFO', 'QUERY_STRING']
  const OTHERS = ['CONTENT_LENGTH', 'HTTP_HOST', 'HTTP_X', 'HTTPS', 'REMOTE_ADDR', 'OTHER', '']
  const bytes = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  })
  const value = fc.oneof(fc.constantFrom('', '/', '/a', '/a/b', '/%2e%2E', '*', 'GET', '3'), bytes)
  const name = fc.oneof(fc.constantFrom(...NAMES, ...OTHERS), bytes)
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), (given) => {
      const pairs = [...given.flat(), 'REQUEST_METHOD', 'GET']
      let request: CgiRequest
      try {
        request = parseCgiRequest(pairs, { limits: LIMITS })
      } catch (error) {
        expect(error).toBeInstanceOf(TaipanError)
        return
      }
      const { path, query, target } = request.head
      expect(target).toMatch(/^(?:\/[\x21\x22\x24-\x7e]*)$/)
      expect([path, `${path}?${query}`]).toContain(target)
      expect(path).not.toContain('?')
      expect(target.length).toBeLessThanOrEqual(LIMITS.targetBytes)
    }),
    { numRuns: 2000 },
  )
})
