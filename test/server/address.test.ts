import { describe, expect, test } from 'vitest'

import { expandAddress, parseAddress, parsePlace } from '../../src/server/config/address.ts'

describe('settings behind an address', () => {
  test.each([
    [
      '127.0.0.1:80?proxyProtocol=on&reusePort=on&backlog=5',
      {
        kind: 'tcp',
        host: '127.0.0.1',
        port: 80,
        proxyProtocol: true,
        reusePort: true,
        backlog: 5,
      },
    ],
    ['[::1]:80?reusePort=off', { kind: 'tcp', host: '::1', port: 80, reusePort: false }],
    [
      'https://127.0.0.1:443/?proxyProtocol=on',
      { kind: 'tcp', host: '127.0.0.1', port: 443, secure: true, proxyProtocol: true },
    ],
    [
      'fastcgi+unix:/run/x.sock?mode=600&proxyProtocol=on',
      {
        kind: 'unix',
        path: '/run/x.sock',
        protocol: 'fastcgi',
        mode: 0o600,
        proxyProtocol: true,
      },
    ],
    [
      'unix:/x?group=www-data&user=33',
      { kind: 'unix', path: '/x', group: 'www-data', user: '#33' },
    ],
    ['unix:/a?b/y.sock?mode=0660', { kind: 'unix', path: '/a?b/y.sock', mode: 0o660 }],
    ['fd:3?proxyProtocol=on', { kind: 'fd', fd: 3, proxyProtocol: true }],
  ])('%s', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
  })

  test.each([
    [
      '127.0.0.1:80?mode=660',
      'host:port knows ?proxyProtocol= and ?reusePort= and ?backlog= only, found ?mode=',
    ],
    ['127.0.0.1:80?proxyProtocol=yes', '?proxyProtocol= is on or off, found yes'],
    ['127.0.0.1:80?proxyProtocol=', '?proxyProtocol= is on or off, found nothing'],
    ['127.0.0.1:80?reusePort=on&reusePort=on', '?reusePort= stands twice'],
    ['fd:3?reusePort=on', 'fd: knows ?proxyProtocol= and ?backlog= only, found ?reusePort='],
    ['unix:/x?group=', '?group= needs a name or a number'],
    ['unix:/x?backlog=0', '?backlog= is how many clients may wait, from 1 to 65535'],
    ['unix:/x?backlog=many', '?backlog= is how many clients may wait, from 1 to 65535'],
    ['unix:/x?mode=999', /octal permissions/],
    ['unix:?mode=660', /needs the path of a socket/],
  ])('%s is refused', (text, problem) => {
    expect(parseAddress(text)).toEqual(
      typeof problem === 'string' ? problem : expect.stringMatching(problem),
    )
  })

  test('a port without a host may have them', () => {
    expect(expandAddress('8000?proxyProtocol=on')).toBe('127.0.0.1:8000?proxyProtocol=on')
    expect(expandAddress(':8000?backlog=5')).toBe('0.0.0.0:8000?backlog=5')
  })

  test('peers have no PROXY header', () => {
    expect(parsePlace('unix:/x?mode=600')).toEqual({ kind: 'unix', path: '/x', mode: 0o600 })
    expect(parsePlace('127.0.0.1:1?proxyProtocol=on')).toMatch(/found \?proxyProtocol=/)
  })
})
