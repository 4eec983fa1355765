import { expect, test } from 'vitest'

import { serve } from '../../src/index.ts'
import { createProject } from '../support/project.ts'
import { openRaw, type RawConnection } from '../support/raw-client.ts'

const APP = `
def application(environ, start_response):
    if environ["PATH_INFO"] == "/read":
        environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"answered"]
`

test('buffers.requestTotal limits all groups together', async () => {
  using project = createProject({ 'app.py': APP })
  const app = { target: project.path('app.py') }
  await using server = await serve({
    bind: '127.0.0.1:0',
    groups: { one: { threads: 2, processes: 1 }, two: { threads: 2, processes: 1 } },
    apps: { one: { ...app, group: 'one' }, two: { ...app, group: 'two' } },
    routes: [
      { path: '/one', app: 'one' },
      { path: '/two', app: 'two' },
    ],
    buffers: { requestTotal: '64kb' },
  })
  const [url = ''] = server.urls
  // A stalled body is handed over only while more than half of the threads are idle.
  using _reader = await hold(url, '/one/read', 'Content-Length: 1')
  using _other = await hold(url, '/two/read', 'Content-Length: 1')
  using _gathered = await hold(url, '/one', 'Transfer-Encoding: chunked')
  using second = await openRaw(url)
  second.send(`POST /two HTTP/1.1\r\nHost: a.test\r\nContent-Length: 500000\r\n\r\n`)
  second.send(Buffer.alloc(32_000))
  expect((await second.readResponse('POST')).text).toBe('answered')
})

/** Sends a request whose body never arrives; resolves when the server waits for it. */
async function hold(url: string, path: string, framing: string): Promise<RawConnection> {
  const connection = await openRaw(url)
  connection.send(
    `POST ${path} HTTP/1.1\r\nHost: a.test\r\n${framing}\r\nExpect: 100-continue\r\n\r\n`,
  )
  expect((await connection.readResponse('POST')).status).toBe(100)
  return connection
}
