import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { settle } from '../../support/settle.ts'
import type { WebSocket } from 'ws'
import {
  formatHandshake,
  OPCODE,
  openWebSocket,
  type HandshakeShape,
} from '../../support/web-socket-client.ts'
import { startHttpLab } from './support/http-lab.ts'
import { startRawServer } from './support/raw-server.ts'
import { startWebSocketLab } from './support/web-socket-lab.ts'

const echo = (webSocket: WebSocket): void =>
  void webSocket.on('message', (data, binary) => webSocket.send(data, { binary }))

/** Resolves with the code and reason that the upstream gets. */
async function readClose(webSocket: WebSocket): Promise<string> {
  const [code, reason] = await once(webSocket, 'close')
  return `${code} ${reason.toString()}`.trim()
}

/** The WebSocket of the upstream, once it is open. */
async function waitForOne(open: ReadonlySet<WebSocket>): Promise<WebSocket> {
  await expect.poll(() => open.size).toBe(1)
  const [webSocket] = open
  if (webSocket === undefined) throw new Error('none')
  return webSocket
}

test('messages pass both ways, whole, in order and of both kinds', async () => {
  await using upstream = await startWebSocketLab(echo)
  using client = await openWebSocket(upstream.url)
  const large = 'x'.repeat(300_000)
  client.sendText('hällo')
  client.send(OPCODE.binary, Buffer.from([0, 255]))
  client.send(OPCODE.text, 'in ', { last: false })
  client.send(OPCODE.ping, 'now')
  client.send(OPCODE.more, 'pieces')
  client.sendText(large)
  client.sendText('')
  const pongs: string[] = []
  const read = async (): Promise<readonly [number, string]> => {
    const { opcode, payload } = await client.readMessage((frame) =>
      pongs.push(frame.payload.toString()),
    )
    return [opcode, payload.toString('latin1')]
  }
  expect(await read()).toEqual([OPCODE.text, Buffer.from('hällo').toString('latin1')])
  expect(await read()).toEqual([OPCODE.binary, '\0\xff'])
  expect(await read()).toEqual([OPCODE.text, 'in pieces'])
  expect(await read()).toEqual([OPCODE.text, large])
  expect(await read()).toEqual([OPCODE.text, ''])
  expect(pongs).toEqual(['now'])
})

test('the handshake is made anew: fields, subprotocol, compression', async () => {
  let seen: IncomingMessage | undefined
  await using upstream = await startWebSocketLab(
    (webSocket, request) => {
      seen = request
      echo(webSocket)
    },
    { mount: '/ws', server: { perMessageDeflate: true, handleProtocols: () => 'chat.v2' } },
  )
  const shape: HandshakeShape = {
    target: '/ws/room?a=b',
    fields: [
      ['Origin', 'http://page.test'],
      ['Cookie', 'a=1'],
      ['Sec-WebSocket-Protocol', 'chat.v1, chat.v2'],
      ['Sec-WebSocket-Extensions', 'permessage-deflate'],
      ['Sec-WebSocket-Odd', '1'],
    ],
  }
  using client = await openWebSocket(upstream.url, shape)
  expect(client.answer.header('Sec-WebSocket-Protocol')).toBe('chat.v2')
  expect(client.answer.header('Sec-WebSocket-Extensions')).toMatch(/^permessage-deflate/)
  expect(seen?.url).toBe('/room?a=b')
  expect(seen?.headers).toMatchObject({
    origin: 'http://page.test',
    cookie: 'a=1',
    'sec-websocket-protocol': 'chat.v1, chat.v2',
    'sec-websocket-version': '13',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-prefix': '/ws',
  })
  const names = seen?.rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())
  expect(names?.filter((name) => name.startsWith('sec-websocket-'))).toEqual([
    'sec-websocket-version',
    'sec-websocket-key',
    'sec-websocket-protocol',
  ])
  client.sendText('hello')
  expect((await client.readMessage()).payload.toString()).toBe('hello')
})

test('a refusal is an ordinary answer', async () => {
  const refusal = 'HTTP/1.1 403 No\r\nX-Why: because\r\nContent-Length: 4\r\n\r\nnope'
  await using server = await startRawServer(refusal)
  await using lab = await startHttpLab([server.port])
  const answer = await lab.ask(formatHandshake().toString('latin1'))
  expect(answer).toMatchObject({ status: 403, text: 'nope' })
  expect(answer.header('X-Why')).toBe('because')
})

const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'

test.each([
  ['a wrong proof', `${SWITCHED}Sec-WebSocket-Accept: eHh4eHh4eHh4eHh4eHh4eHh4eHg=\r\n\r\n`],
  ['no proof', `${SWITCHED}\r\n`],
  ['a missing upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
])('%s is a 502', async (_name, answer) => {
  await using server = await startRawServer(answer)
  await using lab = await startHttpLab([server.port])
  expect((await lab.ask(formatHandshake().toString('latin1'))).status).toBe(502)
  await expect.poll(() => server.open).toBe(0)
})

test('a subprotocol that was not offered is a 502', async () => {
  await using upstream = await startWebSocketLab(echo, {
    server: { handleProtocols: () => 'other' },
  })
  const fields = [['Sec-WebSocket-Protocol', 'chat']] as const
  const answer = await upstream.lab.ask(formatHandshake({ fields }).toString('latin1'))
  expect(answer.status).toBe(502)
})

test('the close of a client reaches the upstream', async () => {
  await using upstream = await startWebSocketLab(echo)
  const closes: readonly (readonly [(client: Opened) => void, string])[] = [
    [(client) => client.close(4001, 'böse'), '4001 böse'],
    [(client) => client.close(1000), '1000'],
    [(client) => client.send(OPCODE.close), '1005'],
    [(client) => client.connection.reset(), '1006'],
  ]
  for (const [close, told] of closes) {
    using client = await openWebSocket(upstream.url)
    const closed = readClose(await waitForOne(upstream.open))
    close(client)
    expect(await closed).toBe(told)
    await expect.poll(() => upstream.open.size).toBe(0)
  }
})

type Opened = Awaited<ReturnType<typeof openWebSocket>>

test('the close of the upstream reaches the client, after the last message', async () => {
  const closes: readonly (readonly [(webSocket: WebSocket) => void, string])[] = [
    [(webSocket) => webSocket.close(4002, 'bye'), '4002 bye'],
    [(webSocket) => webSocket.close(), '1000'],
    [(webSocket) => webSocket.terminate(), '1011'],
  ]
  for (const [close, told] of closes) {
    await using upstream = await startWebSocketLab((webSocket) => {
      webSocket.send('last', () => close(webSocket))
    })
    using client = await openWebSocket(upstream.url)
    expect((await client.readMessage()).payload.toString()).toBe('last')
    expect(await client.readClose()).toBe(told)
  }
})

test('an upstream that breaks the protocol costs its WebSocket only', async () => {
  await using upstream = await startWebSocketLab((_webSocket, { socket }) => {
    socket.write(Buffer.from([0xff, 0x00]))
  })
  using client = await openWebSocket(upstream.url)
  expect(await client.readClose()).toBe('1011')
  await expect.poll(() => upstream.open.size).toBe(0)
})

test('who does not read holds back who sends', async () => {
  await using upstream = await startWebSocketLab(echo)
  using slow = await openWebSocket(upstream.url)
  const webSocket = await waitForOne(upstream.open)
  slow.discard()
  slow.connection.pause()
  const message = Buffer.alloc(65_536)
  let sent = 0
  for (; sent < 512; sent++) webSocket.send(message)
  await settle(() => webSocket.bufferedAmount)
  expect(webSocket.bufferedAmount).toBeGreaterThan((sent * message.length) / 2)
  slow.connection.resume()
  await expect.poll(() => webSocket.bufferedAmount).toBe(0)
  webSocket.pause()
  for (let at = 0; at < 512; at++) slow.send(OPCODE.binary, message)
  await settle(() => slow.connection.socket.writableLength)
  expect(slow.connection.socket.writableLength).toBeGreaterThan((sent * message.length) / 2)
  webSocket.resume()
  await expect.poll(() => slow.connection.socket.writableLength).toBe(0)
})

test('open WebSockets take no connection from requests, and end when the gateway stops', async () => {
  await using upstream = await startWebSocketLab(echo, { client: { connections: 1 } })
  using first = await openWebSocket(upstream.url)
  using second = await openWebSocket(upstream.url)
  await expect.poll(() => upstream.open.size).toBe(2)
  const [one, other] = [...upstream.open].map(readClose)
  await upstream.lab.upstream.stop()
  expect([await first.readClose(), await second.readClose()]).toEqual([
    '1012 service restart',
    '1012 service restart',
  ])
  first.close(1012)
  second.close(1012)
  expect([await one, await other]).toEqual(['1001', '1001'])
})
