import { describe, expect, test } from 'vitest'

import { startTaipan } from '../support/cli.ts'
import { createProject, type Project } from '../support/project.ts'
import { openRaw } from '../support/raw-client.ts'
import { openWebSocket } from '../support/web-socket-client.ts'
import { DEADLINE } from '../support/deadlines.ts'

/** Streams without an end, one that ends when it is told, and WebSockets. */
const APP = `
import asyncio
VERSION = "one"
async def application(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/told":
        await send({"type": "http.response.body", "body": b"begun ", "more_body": True})
        await scope["state"]["taipan.stopping"].wait()
    while scope["path"] == "/endless":
        await send({"type": "http.response.body", "body": b"begun ", "more_body": True})
        await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": VERSION.encode()})
`

function configure(project: Project, more: object): void {
  const config = { app: 'app.py', bind: '127.0.0.1:0', processes: 1, timeouts: { shutdown: '1s' } }
  project.write('taipan.config.json', JSON.stringify({ ...config, ...more }))
}

describe.each([
  ['new code', (project: Project) => project.write('app.py', APP.replace('"one"', '"two"'))],
  ['other limits', (project: Project) => configure(project, { limits: { body: 10 } })],
  ['other routes', (project: Project) => configure(project, { mount: '/new' })],
])('a reload with %s', (_what, change) => {
  test('tells streams and WebSockets, and cuts what does not end', async () => {
    using project = createProject({ 'app.py': APP })
    configure(project, {})
    await using taipan = await startTaipan([], { cwd: project.folder })
    using socket = await openWebSocket(taipan.url)
    using told = await openRaw(taipan.url)
    using endless = await openRaw(taipan.url)
    told.send('GET /told HTTP/1.1\r\nHost: x\r\n\r\n')
    endless.send('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n')
    for (const one of [told, endless])
      await expect.poll(() => one.rest.toString('latin1'), { timeout: DEADLINE }).toContain('begun')
    change(project)
    taipan.kill('SIGHUP')
    expect(await socket.readClose()).toMatch(/^1012/)
    expect((await told.readResponse()).text).toBe('begun one')
    await taipan.waitForOutput(/^reloaded$/m)
    // It is cut, and does not look whole.
    await expect.poll(() => endless.ended, { timeout: DEADLINE }).toBe(true)
    expect(endless.rest.toString('latin1')).not.toMatch(/\r\n0\r\n\r\n$/)
  })
})

test('a body that is arriving while the configuration changes is answered by the old one', async () => {
  using project = createProject({ 'app.py': APP })
  configure(project, { timeouts: { shutdown: '20s' } })
  await using taipan = await startTaipan([], { cwd: project.folder })
  using upload = await openRaw(taipan.url)
  upload.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nfir')
  configure(project, { mount: '/new', timeouts: { shutdown: '20s' } })
  taipan.kill('SIGHUP')
  await taipan.waitForOutput(/^reloaded$/m)
  upload.send('st.')
  expect(await upload.readResponse()).toMatchObject({ status: 200, text: 'one' })
})
