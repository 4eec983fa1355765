import { connect, type ClientHttp2Session } from 'node:http2'
import { describe, expect, test } from 'vitest'

import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import { createAsgiLabs } from '../../contract/asgi-labs.ts'
import { testBodies } from '../../contract/bodies.ts'
import { testExchanges } from '../../contract/exchanges.ts'
import { startLab, type BackendLab, type LabOptions } from '../../support/backend-lab.ts'
import { fetchHttp2, requestHttp2 } from '../../support/http2-fetch.ts'
import { SPOILING } from '../../support/one-connection.ts'
import { pollUntil } from '../../support/raw-client.ts'
import { formatClose, formatFrame, OPCODE } from '../../support/web-socket-client.ts'

const SPOILING_ASGI = `
async def application(scope, receive, send):
    assert scope["type"] == "http"
    text = repr([(key, scope[key]) for key in sorted(scope) if key != "client"])
    scope["headers"].append((b"spoilt", b"yes"))
    scope.update({key: None for key in scope}, spoilt=True)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": text.encode()})
`

describe('WSGI by HTTP/2', () => {
  const start = (options?: LabOptions): Promise<BackendLab> =>
    startLab(createDaemonBackend, options)

  testExchanges(start, SPOILING, fetchHttp2)
  testBodies(start, fetchHttp2)

  test('gives the application its environ', async () => {
    await using lab = await start()
    const headers = [
      ['X-Two', '\u00e9'],
      ['Cookie', 'a=1'],
      ['Cookie', 'b=2'],
    ] as const
    const response = await fetchHttp2(lab.url, { target: '/lab/environ/a?b=c', headers })
    expect(JSON.parse(response.text)).toMatchObject({
      REQUEST_METHOD: 'GET',
      SCRIPT_NAME: '/lab',
      PATH_INFO: '/environ/a',
      QUERY_STRING: 'b=c',
      SERVER_PROTOCOL: 'HTTP/2.0',
      HTTP_X_TWO: '\u00e9',
      HTTP_HOST: 'taipan.test',
      HTTP_COOKIE: 'a=1; b=2',
      'wsgi.url_scheme': 'http',
      'taipan.request_id': lab.exchanges[0]?.id,
    })
  })

  test('a request that is reset keeps its place until its thread has finished', async () => {
    await using lab = await start({ threads: 1 })
    const session = connect(lab.url)
    const held = session.request({ ':path': '/lab/gate?name=g' })
    held.on('error', () => {})
    await lab.waitForEntry('gate-g')
    held.close(8)
    await pollUntil(() => lab.exchanges[0]?.response.finished || undefined, 'the end')
    const next = requestHttp2(session, '/lab/hello')
    lab.openGate('g')
    expect((await next).text).toBe('hello')
    session.destroy()
  })
})

describe('ASGI by HTTP/2', () => {
  const { start } = createAsgiLabs(createDaemonBackend)

  testExchanges(start, SPOILING_ASGI, fetchHttp2)

  test('gives the application its scope', async () => {
    await using lab = await start()
    const headers = [
      ['Cookie', 'a=1'],
      ['Cookie', 'b=2'],
    ] as const
    const scope = await fetchHttp2(lab.url, { target: '/lab/scope/x?b=1', headers })
    for (const part of [
      "'headers': [(b'host', b'taipan.test'), (b'cookie', b'a=1; b=2')]",
      "'http_version': '2'",
      "'scheme': 'http'",
      "'root_path': '/lab'",
    ])
      expect(scope.text).toContain(part)
  })

  test.each([
    ['many pieces', 1000, 10_000],
    ['large pieces', 5, 3_000_000],
    ['no piece', 0, 1],
  ])('passes %s', async (_what, n, size) => {
    await using lab = await start()
    const response = await fetchHttp2(lab.url, `/lab/stream?n=${n}&size=${size}`)
    expect([response.status, response.complete, response.body.length]).toEqual([
      200,
      true,
      n * size,
    ])
  })

  test('sends a file, hints and trailers', async () => {
    await using lab = await start()
    const bytes = Buffer.alloc(3_000_123, '0123456789')
    lab.write('data.bin', bytes)
    const file = await fetchHttp2(lab.url, '/lab/file?name=data.bin')
    expect([file.status, file.complete, file.body.equals(bytes)]).toEqual([200, true, true])
    const hinted = await fetchHttp2(lab.url, '/lab/hints')
    expect([hinted.interim, hinted.text]).toEqual([[103], 'hinted'])
    const headers = [['TE', 'trailers']] as const
    const trailed = await fetchHttp2(lab.url, { target: '/lab/trailers', headers })
    expect(trailed.trailers).toContainEqual(['x-sum', '42'])
  })

  test.each([true, false])('a reset with `cancelOnDisconnect` %s', async (cancelOnDisconnect) => {
    await using lab = await start({ cancelOnDisconnect, timeouts: { shutdown: 100 } })
    const session = connect(lab.url)
    const stream = session.request({ ':path': '/lab/forever' })
    stream.on('error', () => {})
    await lab.waitForEntry('forever')
    stream.close(8)
    await pollUntil(() => lab.exchanges[0]?.response.finished || undefined, 'the end')
    if (cancelOnDisconnect) await lab.waitForEntry('cancelled')
    else expect((await requestHttp2(session, '/lab/hello')).text).toBe('hello')
    session.destroy()
  })

  test('an upload that is reset is a disconnect, never an end', async () => {
    await using lab = await start()
    const session = connect(lab.url)
    const fields = { ':path': '/lab/echo', ':method': 'POST', 'content-length': '9000000' }
    const stream = session.request(fields)
    stream.on('error', () => {})
    stream.write(Buffer.alloc(2_000_000))
    await pollUntil(() => stream.writableLength === 0 || undefined, 'the application to read')
    stream.close(8)
    await lab.waitForEntry('disconnect-in-body')
    session.destroy()
  })

  test('WebSockets are served over a stream', async () => {
    await using lab = await start({ own: ECHO })
    const session = connect(lab.url)
    const text = await exchangeText(session, 'hello')
    session.destroy()
    expect(text).toBe('websocket 2 ws hello')
  })
})

const ECHO = `
async def application(scope, receive, send):
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    text = (await receive())["text"]
    await send({"type": "websocket.send", "text": f'{scope["type"]} {scope["http_version"]} {scope["scheme"]} {text}'})
    await send({"type": "websocket.close"})
`

async function exchangeText(session: ClientHttp2Session, text: string): Promise<string> {
  await pollUntil(() => session.remoteSettings.enableConnectProtocol || undefined, 'the settings')
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'http',
    ':path': '/lab/',
    ':authority': 'taipan.test',
    'sec-websocket-version': '13',
  })
  stream.write(formatFrame(OPCODE.text, text))
  const received: Buffer[] = []
  stream.on('error', () => {})
  stream.on('data', (chunk: Buffer) => {
    received.push(chunk)
    if (Buffer.concat(received).length > 22)
      stream.end(formatFrame(OPCODE.close, formatClose(1000)))
  })
  await new Promise((resolve) => {
    stream.on('close', resolve)
  })
  const bytes = Buffer.concat(received)
  return bytes.toString('utf8', 2, 2 + ((bytes[1] ?? 0) & 127))
}
