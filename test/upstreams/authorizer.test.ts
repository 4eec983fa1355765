import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { serve } from '../../src/index.ts'
import { PYTHON } from '../applications/support/site.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { describePeer } from '../support/peers/describe-peer.ts'
import { nodeFastcgi } from '../support/peers/programs.ts'
import { flup } from '../support/peers/python.ts'

const WSGI = `def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [environ['LAB_USER'].encode()]
`
const ASGI = `async def application(scope, receive, send):
    body = scope['extensions']['taipan.variables']['LAB_USER'].encode()
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': body})
`

async function serveGuarded(upstream: string, authorizer: string) {
  const server = await serve({
    routes: [{ path: '/', upstream, authorizer }],
    bind: '127.0.0.1:0',
    log: { level: 'silent' },
  })
  const [url = ''] = server.urls
  return {
    ask: async (options: RequestInit = {}) =>
      await fetch(`${url}/echo`, { signal: AbortSignal.timeout(DEADLINE), ...options }),
    [Symbol.asyncDispose]: async () => await server.stop(),
  }
}

describePeer(nodeFastcgi, { protocol: 'fastcgi' }, (current) => {
  test('an authorizer lets requests in, and adds variables', async () => {
    const { url } = current().place
    await using gateway = await serveGuarded(url, url)
    const body = 'the whole body'
    const answer = await gateway.ask({ method: 'POST', body, headers: { 'X-Pass': 'open' } })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({
      size: body.length,
      variables: { LAB_USER: 'somebody', HTTP_X_PASS: 'open' },
    })
  })

  for (const [name, source] of [
    ['WSGI', WSGI],
    ['ASGI', ASGI],
  ] as const)
    test(`an ${name} application sees the variables`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'taipan-'))
      writeFileSync(join(folder, 'app.py'), source)
      const server = await serve({
        apps: { app: { target: join(folder, 'app.py') } },
        routes: [{ path: '/', app: 'app', authorizer: current().place.url }],
        bind: '127.0.0.1:0',
        python: PYTHON,
        log: { level: 'silent' },
      })
      for (let at = 0; at < 3; at += 1) {
        const answer = await fetch(server.urls[0] ?? '', { headers: { 'X-Pass': 'open' } })
        expect(await answer.text()).toBe('somebody')
      }
      await server.stop()
      rmSync(folder, { recursive: true })
    })

  test('what an authorizer refuses gets its answer', async () => {
    const { url } = current().place
    await using gateway = await serveGuarded(url, url)
    const answer = await gateway.ask({ method: 'POST', body: 'unread' })
    expect(answer.status).toBe(403)
    expect((await gateway.ask({ headers: { 'X-Pass': 'open' } })).status).toBe(200)
  })

  test('nobody comes in while the authorizer is gone', async () => {
    await using gateway = await serveGuarded(current().place.url, 'fastcgi://127.0.0.1:1')
    const answer = await gateway.ask({ headers: { 'X-Pass': 'open' } })
    expect(answer.status).toBe(503)
  })
})

describePeer(flup, { protocol: 'fastcgi' }, (current) => {
  test('nobody comes in by an application that is no authorizer', async () => {
    const { url } = current().place
    await using gateway = await serveGuarded(url, url)
    expect((await gateway.ask()).status).toBe(500)
  })
})

test('an authorizer speaks FastCGI', async () => {
  const wrong = serveGuarded('fastcgi://127.0.0.1:1', 'scgi://127.0.0.1:1')
  await expect(wrong).rejects.toThrow(
    /routes\[0\]\.authorizer.*authorizers are known to FastCGI only/s,
  )
})
