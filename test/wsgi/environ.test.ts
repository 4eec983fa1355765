import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { fetchRaw, openRaw } from '../support/raw-client.ts'
import { startLab, type EnvironReport, type Lab } from './lab.ts'

let lab: Lab
let mounted: Lab

beforeAll(async () => {
  ;[lab, mounted] = await Promise.all([
    startLab(['-t', '1']),
    startLab(['-t', '1', '--mount', '/m']),
  ])
})

afterAll(async () => {
  await Promise.all([lab.stop(), mounted.stop()])
})

describe('environ', () => {
  test('every added value is str and correct', async () => {
    const { strings, others } = await lab.environ('/environ?a=b', { headers: [['X', 'y']] })
    for (const name of Object.keys(others)) expect(name).toMatch(/^[a-z][a-z0-9_]*\./)
    const { port } = new URL(lab.url)
    expect(strings['REMOTE_ADDR']).toBe('127.0.0.1')
    expect(strings['SERVER_PORT']).toBe(port)
    if (strings['REMOTE_PORT'] !== undefined)
      expect(strings['REMOTE_PORT']).toMatch(/^[1-9][0-9]*$/)
    if (strings['SERVER_SOFTWARE'] !== undefined)
      expect(strings['SERVER_SOFTWARE']).toMatch(/taipan/i)
    expect(strings['SERVER_PROTOCOL']).toBe('HTTP/1.1')
    expect((await lab.environ('/environ', { version: '1.0' })).strings['SERVER_PROTOCOL']).toBe(
      'HTTP/1.0',
    )
  })

  test('REMOTE_PORT is the port of the client', async () => {
    using connection = await openRaw(lab.url)
    connection.send('GET /environ HTTP/1.1\r\nHost: a\r\n\r\n')
    const { strings }: EnvironReport = JSON.parse((await connection.readFinalResponse()).text)
    expect([undefined, String(connection.socket.localPort)]).toContain(strings['REMOTE_PORT'])
  })

  test('repeated headers are joined by comma, cookies by semicolon', async () => {
    const { strings } = await lab.environ('/environ', {
      headers: [
        ['X-A', '1'],
        ['Cookie', 'a=1'],
        ['X-A', '2'],
        ['X-B', ''],
        ['Cookie', 'b=2'],
        ['x-a', '3'],
        ['cookie', 'c=3'],
        ['X-B', 'z'],
      ],
    })
    expect(strings['HTTP_X_A']?.split(/, ?/)).toEqual(['1', '2', '3'])
    expect(strings['HTTP_COOKIE']).toBe('a=1; b=2; c=3')
    expect(strings['HTTP_X_B']?.split(/, ?/)).toEqual(['', 'z'])
  })

  test('names with underscores are dropped, even beside the real field', async () => {
    const { strings } = await lab.environ('/environ', {
      headers: [
        ['X_A', 'evil'],
        ['X-A', 'good'],
        ['X_A', 'evil'],
        ['X_Only', 'evil'],
        ['_', 'evil'],
        ['X-B_C', 'evil'],
        ['Content_Type', 'evil'],
        ['Content-Type', 'a/b'],
      ],
    })
    expect(strings['HTTP_X_A']).toBe('good')
    expect(strings['CONTENT_TYPE']).toBe('a/b')
    expect(JSON.stringify(strings)).not.toContain('evil')
  })

  test('there is no HTTP_PROXY', async () => {
    for (const name of ['Proxy', 'PROXY', 'proxy']) {
      expect(
        (await lab.environ('/environ', { headers: [[name, 'http://evil.test']] })).strings,
      ).not.toHaveProperty('HTTP_PROXY')
    }
  })

  test('names of JavaScript internals are ordinary fields', async () => {
    const { strings } = await lab.environ('/environ', {
      headers: [
        ['__proto__', 'x'],
        ['constructor', 'y'],
        ['Proto', 'z'],
        ['hasOwnProperty', 'w'],
      ],
    })
    expect(strings['HTTP_CONSTRUCTOR']).toBe('y')
    expect(strings['HTTP_HASOWNPROPERTY']).toBe('w')
    expect(strings['HTTP_PROTO']).toBe('z')
  })

  test('an application that changes environ changes neither the answer nor the log', async () => {
    const response = await lab.get('/spoil')
    expect([response.status, response.text]).toEqual([200, 'spoiled'])
    expect((await lab.get('/spoil', { method: 'HEAD' })).status).toBe(200)
    expect((await lab.get('/hello')).text).toBe('hello')
    const key = lab.key()
    expect((await lab.get(`/close-reads-environ?key=${key}`)).text).toBe('ok')
    expect(await lab.notes(key)).toEqual(['close'])
  })

  test('REQUEST_URI begins with SCRIPT_NAME and is not decoded', async () => {
    const { strings } = await mounted.environ('/m/environ/a%20b?c=%20d')
    expect(strings['SCRIPT_NAME']).toBe('/m')
    expect(strings['PATH_INFO']).toBe('/environ/a b')
    expect(strings['QUERY_STRING']).toBe('c=%20d')
    expect(strings['REQUEST_URI']).toBe('/m/environ/a%20b?c=%20d')
    expect((await lab.environ('/environ/%41?x')).strings['REQUEST_URI']).toBe('/environ/%41?x')
  })

  test('absolute-form becomes its path, and its authority is the Host', async () => {
    const { strings } = await lab.environ('http://shown.test:81/environ/x?y=z')
    expect([
      strings['PATH_INFO'],
      strings['QUERY_STRING'],
      strings['HTTP_HOST'],
      strings['REQUEST_URI'],
    ]).toEqual(['/environ/x', 'y=z', 'shown.test:81', '/environ/x?y=z'])
  })

  test('a query is passed unchanged', async () => {
    for (const query of ['', 'a', '=', '&&', 'a=%00', '?', 'a+b=%zz', '%C3%A9', 'x'.repeat(5000)]) {
      expect((await lab.environ(`/environ?${query}`)).strings['QUERY_STRING']).toBe(query)
    }
  })
})

describe('--mount /m', () => {
  test('redirects and cookies keep the prefix', async () => {
    const response = await fetchRaw(mounted.url, {
      target: '/m/redirect',
      headers: [['Host', 'shown.test:81']],
    })
    expect([response.status, response.header('location'), response.header('set-cookie')]).toEqual([
      302,
      'http://shown.test:81/m/hello',
      'session=1; Path=/m',
    ])
    expect((await fetchRaw(mounted.url, '/m/hello')).text).toBe('hello')
  })

  test('/m gives an empty PATH_INFO, /m/ a slash', async () => {
    for (const [target, path] of [
      ['/m', '""'],
      ['/m?x=y', '""'],
      ['/m/', '"/"'],
      ['/m/?x=y', '"/"'],
      ['/m//', '"//"'],
      ['http://other.test/m', '""'],
    ] as const) {
      const response = await fetchRaw(mounted.url, target)
      expect([response.text, response.header('x-path-info')], target).toEqual([
        'no such handler',
        path,
      ])
    }
  })

  test.each([
    '/',
    '/mx',
    '/mx/environ',
    '/M/environ',
    '/M',
    '/m;a/environ',
    '/m;a',
    '/n/environ',
    '/environ',
    '//m/environ',
    '/%6dx/environ',
    '/m../environ',
    '/m%00/environ',
    '/.m/environ',
  ])('%s is not the application', async (target) => {
    const response = await fetchRaw(mounted.url, target)
    expect([400, 404]).toContain(response.status)
    expect(response.text).not.toContain('no such handler')
  })

  test.each(['/mx', '/M/x', '/m;a/x'])('%s is 404', async (target) => {
    expect((await fetchRaw(mounted.url, target)).status).toBe(404)
  })

  test.each([
    '/m/../environ',
    '/m/%2e%2e/environ',
    '/m/x/../../environ',
    '/m/.%2e/environ',
    '/m/..',
    '/m/../../m/environ',
    '/m/..%2fenviron',
    '/x/../m/environ',
  ])('%s never leaves the mount', async (target) => {
    const response = await fetchRaw(mounted.url, target)
    if (response.status === 200) {
      const { strings }: EnvironReport = JSON.parse(response.text)
      expect(strings['SCRIPT_NAME']).toBe('/m')
      expect(strings['PATH_INFO']).not.toMatch(/(^|\/)\.\.(\/|$)/)
    } else expect([400, 404]).toContain(response.status)
  })
})
