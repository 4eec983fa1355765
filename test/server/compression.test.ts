import { gunzipSync } from 'node:zlib'

import { expect, test } from 'vitest'

import { serve } from '../../src/index.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'

const WSGI = `
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b'{"a": 1}' * 200, b'{"b": 2}' * 20000]
`
const ASGI = `
async def application(scope, receive, send):
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for number in range(100):
        body = b"%d is a number\\n" % number
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body"})
`
const STYLE = 'p { color: black }\n'.repeat(500)
const GZIP = [['Accept-Encoding', 'gzip']] as const

test('responses of applications and files are compressed if that is asked for', async () => {
  using project = createProject({ 'one.py': WSGI, 'two.py': ASGI, 'files/style.css': STYLE })
  await using server = await serve({
    bind: '127.0.0.1:0',
    compression: true,
    apps: { one: { target: project.path('one.py') }, two: { target: project.path('two.py') } },
    routes: [
      { path: '/one', app: 'one' },
      { path: '/two', app: 'two' },
      { path: '/files', static: project.path('files') },
    ],
  })
  const [url = ''] = server.urls
  const bodies = await Promise.all(
    ['/one', '/two', '/files/style.css'].map(async (target) => {
      const answer = await fetchRaw(url, { target, headers: GZIP })
      expect([target, answer.header('content-encoding')]).toEqual([target, 'gzip'])
      return gunzipSync(answer.body).toString()
    }),
  )
  const numbers = Array.from({ length: 100 }, (_, number) => `${number} is a number\n`)
  expect(bodies[0]).toBe('{"a": 1}'.repeat(200) + '{"b": 2}'.repeat(20_000))
  expect(bodies[1]).toBe(numbers.join(''))
  expect(bodies[2]).toBe(STYLE)
  const range = [...GZIP, ['Range', 'bytes=0-9'] as const]
  const part = await fetchRaw(url, { target: '/files/style.css', headers: range })
  expect([part.status, part.text, part.header('content-encoding')]).toEqual([
    206,
    STYLE.slice(0, 10),
    undefined,
  ])
})

test('nothing is compressed by default', async () => {
  using project = createProject({ 'one.py': WSGI })
  await using server = await serve({ bind: '127.0.0.1:0', app: project.path('one.py') })
  const answer = await fetchRaw(server.urls[0] ?? '', { headers: GZIP })
  expect(answer.header('content-encoding')).toBeUndefined()
  expect(answer.header('vary')).toBeUndefined()
})
