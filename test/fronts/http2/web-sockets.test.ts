import { connect, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { expect, test } from 'vitest'

import type { WebSocketChannel } from '../../../src/core/exchange.ts'
import { FieldBlock } from '../../../src/core/field-block.ts'
import { pollUntil } from '../../support/raw-client.ts'
import { formatClose, formatFrame, OPCODE } from '../../support/web-socket-client.ts'
import { answer, startLab, type LabOptions } from '../support/front-lab.ts'

/** A WebSocket of a client over a stream of HTTP/2. */
class ConnectedSocket {
  readonly messages: string[] = []
  closed: { code: number } | undefined
  readonly stream: ClientHttp2Stream
  #bytes: Buffer = Buffer.alloc(0)

  constructor(stream: ClientHttp2Stream) {
    this.stream = stream
    stream.on('error', () => {})
    stream.on('data', (chunk: Buffer) => this.#receive(chunk))
  }

  send(text: string): void {
    this.stream.write(formatFrame(OPCODE.text, text))
  }

  close(code: number): void {
    this.stream.write(formatFrame(OPCODE.close, formatClose(code)))
  }

  /** Takes frames that are short and whole. */
  #receive(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    for (;;) {
      const length = (this.#bytes[1] ?? 255) & 127
      if (length > 125 || this.#bytes.length < 2 + length) return
      const payload = this.#bytes.subarray(2, 2 + length)
      const opcode = (this.#bytes[0] ?? 0) & 15
      if (opcode === OPCODE.text) this.messages.push(payload.toString())
      else if (opcode === OPCODE.close) this.closed = { code: payload.readUInt16BE() }
      this.#bytes = this.#bytes.subarray(2 + length)
    }
  }
}

async function openSocket(
  session: ClientHttp2Session,
  fields: Record<string, string> = {},
): Promise<{ status: number; headers: Record<string, unknown>; socket: ConnectedSocket }> {
  await pollUntil(() => session.remoteSettings.enableConnectProtocol || undefined, 'the settings')
  const stream = session.request(
    {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'http',
      ':path': '/socket?a=1',
      ':authority': 'taipan.test',
      'sec-websocket-version': '13',
      ...fields,
    },
    { endStream: false },
  )
  const socket = new ConnectedSocket(stream)
  const headers = await new Promise<Record<string, unknown>>((resolve) => {
    stream.on('response', resolve)
  })
  return { status: Number(headers[':status']), headers, socket }
}

async function startSockets(onChannel: (channel: WebSocketChannel) => void, options?: LabOptions) {
  const lab = await startLab((exchange) => {
    const offer = exchange.webSocket
    if (offer === undefined) answer(exchange, 'plain')
    else {
      const subprotocol = offer.subprotocols[0] ?? ''
      const fields = new FieldBlock('X-One: eins\r\n')
      onChannel(offer.accept({ subprotocol, fields }))
    }
  }, options)
  const session = connect(lab.url)
  session.on('error', () => {})
  return {
    lab,
    session,
    [Symbol.asyncDispose]: async () => {
      session.destroy()
      await lab.front.stop()
    },
  }
}

function echo(channel: WebSocketChannel): void {
  channel.onMessage = (data, isText) => {
    channel.send(data, { isText, last: true })
    channel.request(1000)
  }
  channel.request(1000)
}

test('a WebSocket is a stream of HTTP/2, beside others', async () => {
  await using site = await startSockets(echo)
  const first = await openSocket(site.session, { 'sec-websocket-protocol': 'chat, other' })
  const second = await openSocket(site.session)
  expect(first).toMatchObject({ status: 200 })
  expect(first.headers).toMatchObject({ 'sec-websocket-protocol': 'chat', 'x-one': 'eins' })
  expect(first.headers['sec-websocket-accept']).toBeUndefined()
  first.socket.send('one')
  second.socket.send('two')
  await pollUntil(() => first.socket.messages[0], 'the first echo')
  await pollUntil(() => second.socket.messages[0], 'the second echo')
  expect([first.socket.messages, second.socket.messages]).toEqual([['one'], ['two']])
  expect(site.lab.exchanges[0]?.request).toMatchObject({
    method: 'GET',
    path: '/socket',
    query: 'a=1',
    version: '2',
    host: 'taipan.test',
  })
  first.socket.close(1000)
  await pollUntil(() => first.socket.closed, 'the close')
  const outcome = await pollUntil(() => site.lab.outcomes[0], 'the outcome')
  expect(outcome).toEqual({ status: 101, bytes: 3, error: undefined })
  second.socket.send('three')
  await pollUntil(() => second.socket.messages[1], 'another echo')
})

test('messages are compressed where the client offers it', async () => {
  await using site = await startSockets(echo)
  const { headers } = await openSocket(site.session, {
    'sec-websocket-extensions': 'permessage-deflate',
  })
  expect(headers['sec-websocket-extensions']).toContain('permessage-deflate')
})

test('a client that resets its stream has left', async () => {
  let code: number | undefined
  await using site = await startSockets((channel) => {
    channel.onClose = (close) => {
      code = close.code
    }
  })
  const { socket } = await openSocket(site.session)
  socket.stream.close(8)
  await pollUntil(() => code, 'the close')
  expect(code).toBe(1006)
  const outcome = await pollUntil(() => site.lab.outcomes[0], 'the outcome')
  expect(outcome.error).toMatchObject({ code: 'CLIENT_DISCONNECTED' })
  expect(site.session.destroyed).toBe(false)
})

test('a WebSocket can be denied by an ordinary response', async () => {
  await using lab = await startLab((exchange) => {
    expect(exchange.webSocket).toBeDefined()
    answer(exchange, 'no', { status: 403 })
  })
  const session = connect(lab.url)
  const { status } = await openSocket(session)
  session.destroy()
  expect(status).toBe(403)
})

test('a version that nobody knows is refused', async () => {
  await using site = await startSockets(echo)
  const { status, headers } = await openSocket(site.session, { 'sec-websocket-version': '99' })
  expect([status, headers['sec-websocket-version']]).toEqual([426, '13'])
})

test('a stop closes WebSockets with 1012', async () => {
  await using site = await startSockets(echo)
  const { socket } = await openSocket(site.session)
  const stopped = site.lab.front.stop()
  await pollUntil(() => socket.closed, 'the close')
  expect(socket.closed?.code).toBe(1012)
  socket.close(1012)
  await stopped
})

test('a client that does not answer a ping is left', async () => {
  await using site = await startSockets(echo, {
    webSocket: { pingInterval: 50, pingTimeout: 50 },
  })
  await openSocket(site.session)
  const outcome = await pollUntil(() => site.lab.outcomes[0], 'the outcome')
  expect(outcome.error).toMatchObject({ code: 'CLIENT_DISCONNECTED' })
})

test('a client that does not read holds the writer back', async () => {
  let sent = 0
  await using site = await startSockets((channel) => {
    const piece = Buffer.alloc(65_536)
    const write = (): void => {
      do sent += piece.length
      while (channel.send(piece, { isText: false, last: true }) && sent < 1 << 30)
    }
    channel.onDrain = write
    write()
  })
  const { socket } = await openSocket(site.session)
  socket.stream.pause()
  let before = -1
  await pollUntil(
    () => {
      const isStill = sent > 0 && sent === before
      before = sent
      return isStill || undefined
    },
    'the writer to be held back',
    { pause: 100 },
  )
  expect(sent).toBeLessThan(8 << 20)
})
