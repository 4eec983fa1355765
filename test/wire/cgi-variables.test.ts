import { describe, expect, test } from 'vitest'

import { writeCgiVariables } from '../../src/wire/cgi-variables.ts'
import type { PlainRequest } from '../support/plain-exchange.ts'
import { createPlainExchange } from '../support/plain-exchange.ts'

function variables(request: PlainRequest = {}, scriptName = '', pathInfo = '/') {
  const written: [string, string][] = []
  const invocation = { application: 'shop', scriptName, pathInfo }
  writeCgiVariables(createPlainExchange(request), invocation, {
    variable: (name, value) => written.push([name.text, value]),
  })
  const names = written.map(([name]) => name)
  expect(names).toEqual([...new Set(names)])
  return Object.fromEntries(written)
}

describe('writeCgiVariables', () => {
  test('writes the request line, the mount and both ends of the connection', () => {
    const written = variables(
      { method: 'POST', target: '/m/a%20b?x=1?2', version: '1.0' },
      '/m',
      '/a b',
    )
    expect(written).toEqual({
      REQUEST_METHOD: 'POST',
      SCRIPT_NAME: '/m',
      PATH_INFO: '/a b',
      QUERY_STRING: 'x=1?2',
      REQUEST_URI: '/m/a%20b?x=1?2',
      SERVER_PROTOCOL: 'HTTP/1.0',
      SERVER_NAME: '127.0.0.1',
      SERVER_PORT: '8000',
      REMOTE_ADDR: '127.0.0.1',
      REMOTE_PORT: '50000',
      HTTP_HOST: 'a.test',
    })
  })

  test('names a Unix socket localhost, port 80, and leaves REMOTE_PORT out', () => {
    const nowhere = { remoteAddress: '', remotePort: '', localAddress: '', localPort: '' }
    const written = variables({ connection: nowhere })
    expect(written).toMatchObject({
      SERVER_NAME: 'localhost',
      SERVER_PORT: '80',
      REMOTE_ADDR: '',
    })
    expect(written).not.toHaveProperty('REMOTE_PORT')
  })

  test('puts an IPv6 server name in brackets and sets HTTPS when it is', () => {
    const connection = { scheme: 'https', localAddress: '::1' } as const
    expect(variables({ connection })).toMatchObject({ SERVER_NAME: '[::1]', HTTPS: 'on' })
    expect(variables()).not.toHaveProperty('HTTPS')
  })

  test('joins repeated fields by comma and cookies by semicolon, whatever their case', () => {
    const fields = ['X-A', '1', 'Cookie', 'a=1', 'x-a', '2', 'X-B', '3', 'cookie', 'b=2', 'X-a', '']
    expect(variables({ fields })).toMatchObject({
      HTTP_X_A: '1,2,',
      HTTP_X_B: '3',
      HTTP_COOKIE: 'a=1; b=2',
    })
  })

  test('does not remember values of earlier requests', () => {
    variables({ fields: ['X-A', '1', 'X-A', '2'] })
    expect(variables({ fields: ['X-A', '3'] })).toMatchObject({ HTTP_X_A: '3' })
    expect(variables()).not.toHaveProperty('HTTP_X_A')
  })

  test('drops names with underscores or odd characters, also beside their correct form', () => {
    const fields = ['X_Real', 'evil', 'X-Real', 'good', 'X.Real', 'evil', "X'Real", 'evil']
    expect(variables({ fields })).toMatchObject({ HTTP_X_REAL: 'good' })
    expect(Object.keys(variables({ fields })).filter((name) => name.includes('REAL'))).toEqual([
      'HTTP_X_REAL',
    ])
  })

  test('drops Proxy and Transfer-Encoding, and takes Host from the request only', () => {
    const fields = ['Proxy', 'http://evil', 'Transfer-Encoding', 'chunked', 'Host', 'other']
    const body = { complete: false, length: undefined }
    const written = variables({ fields, host: 'a.test:8000', body })
    expect(written).not.toHaveProperty('HTTP_PROXY')
    expect(written).not.toHaveProperty('HTTP_TRANSFER_ENCODING')
    expect(written).toMatchObject({ HTTP_HOST: 'a.test:8000' })
    expect(variables({ host: '' })).not.toHaveProperty('HTTP_HOST')
  })

  test('writes CONTENT_TYPE and CONTENT_LENGTH from their fields and never as HTTP_*', () => {
    const fields = ['content-length', '3', 'Content-Type', 'text/plain']
    const written = variables({ fields, body: { length: 3 } })
    expect(written).toMatchObject({ CONTENT_LENGTH: '3', CONTENT_TYPE: 'text/plain' })
    expect(Object.keys(written).filter((name) => name.startsWith('HTTP_CONTENT'))).toEqual([])
    expect(variables()).not.toHaveProperty('CONTENT_LENGTH')
  })

  test('writes the length of a chunked body when it is complete', () => {
    const fields = ['Transfer-Encoding', 'chunked']
    const whole = { complete: true, length: 700_000, buffered: 700_000 }
    expect(variables({ fields, body: whole })).toMatchObject({ CONTENT_LENGTH: '700000' })
    expect(variables({ fields, body: { length: 0 } })).toMatchObject({ CONTENT_LENGTH: '0' })
    const arriving = { complete: false, length: undefined }
    expect(variables({ fields, body: arriving })).not.toHaveProperty('CONTENT_LENGTH')
  })

  test('stays correct when there are more field names than it caches', () => {
    for (let i = 0; i < 3000; i++) {
      const written = variables({ fields: [`X-N${i}`, 'a', `x-n${i}`, 'b'] })
      expect(written[`HTTP_X_N${i}`]).toBe('a,b')
    }
  })
})
