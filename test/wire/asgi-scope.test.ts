import { execFileSync } from 'node:child_process'

import { describe, expect, test } from 'vitest'

import type { Exchange, WebSocketOffer } from '../../src/core/exchange.ts'
import { writeAsgiScope } from '../../src/wire/asgi-scope.ts'
import { MarshalWriter } from '../../src/wire/marshal.ts'
import type { PlainRequest } from '../support/plain-exchange.ts'
import { createPlainExchange } from '../support/plain-exchange.ts'

const READ = `
import ast, marshal, sys
for line in sys.stdin:
    print(ascii(marshal.loads(bytes.fromhex(line))))
`

/** The scope as Python reads it. */
function readScope(exchange: Exchange, scriptName = ''): string {
  const writer = new MarshalWriter()
  writeAsgiScope(exchange, { application: 'app', scriptName, pathInfo: '' }, writer)
  return execFileSync('python3', ['-c', READ], {
    input: writer.view().toString('hex'),
    encoding: 'utf8',
  }).trim()
}

const scopeOf = (request: PlainRequest, scriptName?: string): string =>
  readScope(createPlainExchange(request), scriptName)

describe('the ASGI scope', () => {
  test('has every key that comes from the request', () => {
    expect(scopeOf({ method: 'post', target: '/a?b=c', fields: ['Host', 'a.test'] })).toBe(
      "{'type': 'http', 'http_version': '1.1', 'scheme': 'http', 'method': 'POST', 'path': '/a'," +
        " 'raw_path': b'/a', 'query_string': b'b=c', 'root_path': ''," +
        " 'client': ('127.0.0.1', 50000), 'server': ('127.0.0.1', 8000)," +
        " 'headers': [(b'host', b'a.test')]}",
    )
  })

  test.each([
    ['/%C3%A9', "'\\xe9'", "b'/%C3%A9'"],
    ['/\u00c3\u00a9', "'\\xe9'", "b'/\\xc3\\xa9'"],
    ['/%ff', "'\\ufffd'", "b'/%ff'"],
    ['/%f0%9f%90%8d', "'\\U0001f40d'", "b'/%f0%9f%90%8d'"],
    ['/%2F%zz%', "'/%zz%'", "b'/%2F%zz%'"],
    ['/%ED%A0%80', "'\\ufffd\\ufffd\\ufffd'", "b'/%ED%A0%80'"],
  ])('decodes the path %j as UTF-8', (target, path, rawPath) => {
    const scope = scopeOf({ target })
    expect(scope).toContain(`'path': '/${path.slice(1)}`)
    expect(scope).toContain(`'raw_path': ${rawPath}`)
  })

  test.each([
    [{ localAddress: '', localPort: '', localPath: '/run/a.sock' }, '', "('/run/a.sock', None)"],
    [{ localAddress: '', localPort: '8443' }, 'front.test', "('front.test', 8443)"],
    [{ localAddress: '::1', localPort: '80' }, 'front.test', "('::1', 80)"],
    [{ localAddress: '', localPath: '' }, '', 'None'],
  ])('names the server by what there is: %j behind %j', (connection, name, server) => {
    const frontServer = { mount: '', name, role: undefined }
    const scope = scopeOf({ connection: { remoteAddress: '', ...connection }, frontServer })
    expect(scope).toContain(`'client': None, 'server': ${server}`)
    expect(scope).not.toContain('AUTHORIZER')
  })

  test('names the role that a front server asks for', () => {
    const frontServer = { mount: '', name: '', role: 'AUTHORIZER' } as const
    expect(scopeOf({ frontServer })).toContain("'AUTHORIZER'")
  })

  test('contains the mount point in both', () => {
    const scope = scopeOf({ target: '/%C3%A9/x' }, '/\u00c3\u00a9')
    expect(scope).toContain("'path': '/\\xe9/x'")
    expect(scope).toContain("'root_path': '/\\xe9'")
  })

  test('keeps headers in order, not merged, and drops ambiguous ones', () => {
    const fields = ['B', '1', 'a', 'é'.repeat(30), 'B', '2', 'X_Y', '3', 'Proxy', '4', 'x-y', '']
    expect(scopeOf({ fields })).toContain(
      `'headers': [(b'b', b'1'), (b'a', b'${'\\xe9'.repeat(30)}'), (b'b', b'2'), (b'x-y', b'')]`,
    )
  })

  test('supports HTTP/1.0, TLS, Unix sockets and IPv6', () => {
    const secure = scopeOf({
      version: '1.0',
      connection: { scheme: 'https', remoteAddress: '::1', localAddress: '::1' },
    })
    expect(secure).toContain("'http_version': '1.0', 'scheme': 'https'")
    expect(secure).toContain("'client': ('::1', 50000), 'server': ('::1', 8000)")
    const none = { remoteAddress: '', remotePort: '', localAddress: '', localPort: '' }
    const unix = scopeOf({ connection: { ...none, localPath: '/run/é.sock' } })
    expect(unix).toContain("'client': None, 'server': ('/run/\\xe9.sock', None)")
    expect(scopeOf({ connection: none })).toContain("'client': None, 'server': None")
  })

  test('of a WebSocket has its subprotocols and no method', () => {
    const webSocket: WebSocketOffer = {
      subprotocols: ['one', 'two'],
      accept: () => {
        throw new Error('not here')
      },
    }
    const exchange = { ...createPlainExchange({ connection: { scheme: 'https' } }), webSocket }
    const scope = readScope(exchange)
    expect(scope).toContain("'type': 'websocket', 'http_version': '1.1', 'scheme': 'wss', 'path'")
    expect(scope).toContain("'subprotocols': ['one', 'two']}")
  })

  test('stays correct after very many header names', () => {
    for (let i = 0; i < 3000; i++) {
      const writer = new MarshalWriter()
      const exchange = createPlainExchange({ fields: [`X-Name-${i}`, '1', 'A', '2'] })
      writeAsgiScope(exchange, { application: 'app', scriptName: '', pathInfo: '' }, writer)
    }
    expect(scopeOf({ fields: ['X-Name-1', '1', 'A', '2'] })).toContain(
      "'headers': [(b'x-name-1', b'1'), (b'a', b'2')]",
    )
  })
})
