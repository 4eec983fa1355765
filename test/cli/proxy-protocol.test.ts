import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect as connectSecure } from 'node:tls'
import { promisify } from 'node:util'

import { describe, expect, onTestFinished, test } from 'vitest'

import { startTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { formatBinaryHeader, IPV6_ENDS } from '../support/proxy-headers.ts'
import { formatRequest, openRaw, type Address } from '../support/raw-client.ts'

const CURL = '/usr/bin/curl'
const WSGI = `
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    names = "REMOTE_ADDR", "REMOTE_PORT", "SERVER_NAME", "SERVER_PORT"
    return [" ".join(environ.get(name, "-") for name in names).encode()]
`
const ASGI = `
async def application(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("http only")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{scope['client']} {scope['server']}".encode()})
`
const TEXT = Buffer.from('PROXY TCP4 203.0.113.7 198.51.100.1 4660 443\r\n')

async function ask(address: Address, header: Uint8Array): Promise<string[]> {
  using connection = await openRaw(address)
  const request = formatRequest({ version: '1.0', headers: [['Connection', 'keep-alive']] })
  connection.send(Buffer.concat([header, request]))
  const texts = [(await connection.readResponse()).text]
  connection.send(request)
  return [...texts, (await connection.readResponse()).text]
}

describe.each(['daemon', 'embedded'] as const)('engine %s', (engine) => {
  test('a worker sees the client that the PROXY header names, at any address', async () => {
    using project = createProject({ 'app.py': WSGI })
    const socket = project.path('x.sock')
    const binds = ['127.0.0.1:0?proxyProtocol=on', '127.0.0.1:0', `unix:${socket}?proxyProtocol=on`]
    await using taipan = await startTaipan(
      ['app.py', '-e', engine, ...binds.flatMap((bind) => ['-b', bind])],
      { cwd: project.folder },
    )
    const [proxied = '', plain = ''] = taipan.urls
    const seen = '203.0.113.7 4660 198.51.100.1 443'
    expect(await ask(proxied, TEXT)).toEqual([seen, seen])
    const six = '2001:db8::7 4660 [2001:db8::1:0:0:1] 443'
    const header = formatBinaryHeader({ family: 0x21, rest: IPV6_ENDS })
    expect(await ask({ path: socket }, header)).toEqual([six, six])
    expect((await ask(plain, Buffer.alloc(0)))[0]).toMatch(/^127\.0\.0\.1 \d+ 127\.0\.0\.1 \d+$/)
    const [local] = await ask(proxied, formatBinaryHeader({ command: 0x20 }))
    expect(local).toMatch(/^127\.0\.0\.1 \d+ 127\.0\.0\.1 \d+$/)
    await taipan.waitForOutput(/203\.0\.113\.7 GET \//)
  })

  test('an ASGI application has it in its scope', async () => {
    using project = createProject({ 'app.py': ASGI })
    await using taipan = await startTaipan(
      ['app.py', '-e', engine, '-b', '127.0.0.1:0?proxyProtocol=on'],
      { cwd: project.folder },
    )
    const seen = "('203.0.113.7', 4660) ('198.51.100.1', 443)"
    expect(await ask(taipan.url, TEXT)).toEqual([seen, seen])
    expect(await ask(taipan.url, formatBinaryHeader())).toEqual([seen, seen])
  })
})

test.each(['before', 'together with'])('the header %s the handshake of TLS', async (order) => {
  using project = createProject({ 'app.py': WSGI })
  await using taipan = await startTaipan(
    ['app.py', '--dev', '--tls', '-b', 'https://127.0.0.1:0?proxyProtocol=on'],
    { cwd: project.folder },
  )
  const socket = connectPlain(Number(new URL(taipan.url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  if (order === 'together with') socket.cork()
  socket.write(TEXT)
  const secure = connectSecure({ socket, rejectUnauthorized: false })
  if (order === 'together with') setImmediate(() => socket.uncork())
  secure.write(formatRequest({ headers: [['Connection', 'close']] }))
  expect(await text(secure)).toContain('203.0.113.7 4660 198.51.100.1 443')
})

test.skipIf(!existsSync(CURL))('the header that curl sends', async () => {
  using project = createProject({ 'app.py': WSGI })
  await using taipan = await startTaipan(['app.py', '-b', '127.0.0.1:0?proxyProtocol=on'], {
    cwd: project.folder,
  })
  const run = promisify(execFile)
  const { stdout } = await run(CURL, ['-sS', '--haproxy-protocol', taipan.url])
  expect(stdout).toMatch(/^127\.0\.0\.1 \d+ 127\.0\.0\.1 \d+$/)
  await expect(run(CURL, ['-sS', taipan.url])).rejects.toThrow(/52|56/)
})
