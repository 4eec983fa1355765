import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import { connect, type IncomingHttpHeaders } from 'node:http2'
import type { OutgoingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'

import { describe, expect, onTestFinished, test } from 'vitest'

import { startTaipan } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw, formatRequest, openRaw } from '../support/raw-client.ts'
import { openWebSocket } from '../support/web-socket-client.ts'

const WSGI = `
import json, logging
def application(environ, start_response):
    fields = [("Content-Type", "application/json")]
    if environ["PATH_INFO"] == "/own":
        fields.append(("x-REQUEST-id", "own"))
    if environ["PATH_INFO"] == "/fail":
        raise RuntimeError("on purpose")
    start_response("200 OK", fields)
    names = "taipan.request_id", "HTTP_X_REQUEST_ID", "HTTP_TRACEPARENT"
    return [json.dumps([environ.get(name) for name in names]).encode()]
`
const ASGI = `
import json
async def application(scope, receive, send):
    names = [value.decode() for name, value in scope["headers"] if name == b"x-request-id"]
    told = json.dumps([scope.get("taipan.request_id"), *names])
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": told})
        await send({"type": "websocket.close"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": told.encode()})
`
const MADE = /^[0-9a-f]{10}-[0-9a-z]+$/

describe.each(['daemon', 'embedded'] as const)('engine %s', (engine) => {
  test('client, environ, access log and error log have the same id', async () => {
    using project = createProject({ 'app.py': WSGI })
    await using taipan = await startTaipan(
      ['app.py', '-e', engine, '-b', '127.0.0.1:0', '--log-format', 'json'],
      { cwd: project.folder },
    )
    using connection = await openRaw(taipan.url)
    const ids: string[] = []
    // The second and later ones repeat the head of the first.
    for (const target of ['/a', '/b', '/c']) {
      const headers = [
        ['Connection', 'keep-alive'],
        ['X-Request-Id', 'of-the-client'],
      ] as const
      connection.send(formatRequest({ target, headers }))
      const response = await connection.readResponse()
      const [id = '', ...others] = response.headers('x-request-id')
      expect([others, id]).toEqual([[], expect.stringMatching(MADE)])
      expect(JSON.parse(response.text)).toEqual([id, id, null])
      ids.push(id)
    }
    expect(new Set(ids).size).toBe(3)
    const failed = await fetchRaw(taipan.url, { target: '/fail' })
    const [id = ''] = failed.headers('x-request-id')
    expect(failed.status).toBe(500)
    expect(id).toMatch(MADE)
    const { stdout } = await taipan.stop()
    const records = stdout
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => ({ ...JSON.parse(line) }))
    for (const one of [...ids, id])
      expect(records).toContainEqual(expect.objectContaining({ msg: 'request', request: one }))
    expect(records).toContainEqual(expect.objectContaining({ level: 'error', request: id }))
  })

  test('that of the application itself is the only one', async () => {
    using project = createProject({ 'app.py': WSGI })
    await using taipan = await startTaipan(['app.py', '-e', engine, '-b', '127.0.0.1:0'], {
      cwd: project.folder,
    })
    for (let requests = 0; requests < 2; requests += 1) {
      const own = await fetchRaw(taipan.url, { target: '/own' })
      expect(own.headers('x-request-id')).toEqual(['own'])
      const other = await fetchRaw(taipan.url, { target: '/' })
      expect(other.headers('x-request-id')).toEqual([expect.stringMatching(MADE)])
    }
  })

  test('scope and WebSockets have it, too', async () => {
    using project = createProject({ 'app.py': ASGI })
    await using taipan = await startTaipan(['app.py', '-e', engine, '-b', '127.0.0.1:0'], {
      cwd: project.folder,
    })
    using connection = await openRaw(taipan.url)
    for (const target of ['/a', '/b', '/c']) {
      const headers = [
        ['Connection', 'keep-alive'],
        ['x-request-id', 'of-the-client'],
      ] as const
      connection.send(formatRequest({ target, headers }))
      const response = await connection.readResponse()
      const [id = ''] = response.headers('x-request-id')
      expect(JSON.parse(response.text)).toEqual([id, id])
      expect(id).toMatch(MADE)
    }
    using socket = await openWebSocket(taipan.url)
    const told: unknown = JSON.parse((await socket.readMessage()).payload.toString())
    expect(told).toEqual([expect.stringMatching(MADE), expect.stringMatching(MADE)])
  })
})

test('a trusted proxy gives it, if it makes sense', async () => {
  using project = createProject({ 'app.py': WSGI })
  await using taipan = await startTaipan(
    ['app.py', '-b', '127.0.0.1:0', '--trust-proxy', 'loopback'],
    { cwd: project.folder },
  )
  const ask = async (id: string) => {
    const response = await fetchRaw(taipan.url, { headers: [['X-Request-Id', id]] })
    const [told = ''] = response.headers('x-request-id')
    expect(JSON.parse(response.text)).toEqual([told, told, null])
    return told
  }
  expect(await ask('edge/7f-1=a')).toBe('edge/7f-1=a')
  expect(await ask('edge-2')).toBe('edge-2')
  expect(await ask('two words')).toMatch(MADE)
  expect(await ask('x'.repeat(129))).toMatch(MADE)
  await taipan.waitForOutput(/edge-2/)
})

test('over HTTP/2, too, and so is what proxies tell', async () => {
  using project = createProject({ 'app.py': WSGI, 'scope.py': ASGI })
  await using taipan = await startTaipan(
    ['app.py', '-b', '127.0.0.1:0', '--trust-proxy', 'loopback'],
    { cwd: project.folder },
  )
  const session = connect(taipan.url)
  onTestFinished(() => session.destroy())
  const ask = async (headers: OutgoingHttpHeaders) => {
    const stream = session.request({ ':path': '/', ...headers })
    stream.setTimeout(DEADLINE, () => stream.destroy(new Error('no answer')))
    const answer = text(stream)
    const [head]: IncomingHttpHeaders[] = await once(stream, 'response')
    return { id: head?.['x-request-id'], told: JSON.parse(await answer) }
  }
  const first = await ask({})
  expect(first.id).toMatch(MADE)
  expect(first.told).toEqual([first.id, first.id, null])
  expect((await ask({})).id).not.toBe(first.id)
  expect((await ask({ 'x-request-id': 'edge-3' })).id).toBe('edge-3')
  await ask({ 'x-forwarded-for': '203.0.113.7' })
  await taipan.waitForOutput(/203\.0\.113\.7 GET/)
})

test('it can be switched off', async () => {
  using project = createProject({ 'app.py': WSGI })
  await using taipan = await startTaipan(['app.py', '-b', '127.0.0.1:0', '--no-request-id'], {
    cwd: project.folder,
  })
  using connection = await openRaw(taipan.url)
  for (let requests = 0; requests < 3; requests += 1) {
    const headers = [
      ['Connection', 'keep-alive'],
      ['X-Request-Id', 'of-the-client'],
    ] as const
    connection.send(formatRequest({ headers }))
    const response = await connection.readResponse()
    expect(response.headers('x-request-id')).toEqual([])
    expect(JSON.parse(response.text)).toEqual([expect.stringMatching(MADE), 'of-the-client', null])
  }
})

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const SHOW = `#!/bin/sh
printf 'Content-Type: text/plain\\n\\n["%s","%s"]' "$HTTP_X_REQUEST_ID" "$HTTP_TRACEPARENT"
`

test('other servers and programs get the id and the trace', async () => {
  using behind = createProject({ 'app.py': WSGI })
  await using upstream = await startTaipan(
    [
      'app.py',
      '-b',
      '127.0.0.1:0',
      '-b',
      'scgi://127.0.0.1:0',
      '-b',
      'fastcgi://127.0.0.1:0',
      '--no-request-id',
    ],
    { cwd: behind.folder },
  )
  const [http = '', scgi = '', fastcgi = ''] = upstream.urls
  using project = createProject({ 'show.cgi': SHOW })
  project.write(
    'taipan.config.json',
    JSON.stringify({
      bind: '127.0.0.1:0',
      routes: [
        { path: '/http', upstream: http },
        { path: '/scgi', upstream: scgi },
        { path: '/fastcgi', upstream: fastcgi },
        { path: '/cgi', cgi: '.' },
      ],
    }),
  )
  chmodSync(project.path('show.cgi'), 0o755)
  await using taipan = await startTaipan([], { cwd: project.folder })
  using connection = await openRaw(taipan.url)
  for (const target of [
    '/http/',
    '/http/b',
    '/scgi/',
    '/fastcgi/',
    '/fastcgi/b',
    '/cgi/show.cgi',
  ]) {
    const headers = [
      ['Connection', 'keep-alive'],
      ['X-Request-Id', 'of-the-client'],
      ['traceparent', TRACE],
    ] as const
    connection.send(formatRequest({ target, headers }))
    const response = await connection.readResponse()
    const [id = ''] = response.headers('x-request-id')
    expect(id).toMatch(MADE)
    const told: unknown = JSON.parse(response.text)
    const [shown, trace] = Array.isArray(told) ? told.slice(-2) : []
    expect([target, shown, trace]).toEqual([target, id, TRACE])
  }
})
