import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'

import { answerError } from '../../../src/core/answer-error.ts'
import { FieldBlock } from '../../../src/core/field-block.ts'
import { limitConnections } from '../../support/descriptors.ts'
import { formatRequest, openRaw, pollUntil, sleep } from '../../support/raw-client.ts'
import {
  finishHandshake,
  formatHandshake,
  OPCODE,
  openWebSocket,
} from '../../support/web-socket-client.ts'
import { answer, FAILURE, startLab } from '../support/front-lab.ts'
import { accept, createLog, echo } from './applications.ts'

describe('a stop', () => {
  test('closes open sockets with 1012', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url)
    const stopped = lab.front.stop()
    expect(await socket.readClose()).toBe('1012 service restart')
    socket.close(1012)
    await stopped
    expect(log.closes).toEqual([{ code: 1012, reason: 'service restart' }])
    expect(lab.outcomes).toEqual([{ status: 101, bytes: 0, error: undefined }])
    expect(lab.connections).toBe(0)
  })

  test('closes them before idle connections get their grace', async () => {
    await using lab = await startLab(echo(createLog()))
    using idle = await openRaw(lab.url)
    idle.send(formatRequest())
    await idle.readResponse()
    using socket = await openWebSocket(lab.url)
    const stopped = lab.front.stop(60_000)
    expect(await socket.readClose()).toBe('1012 service restart')
    socket.close(1012)
    idle.destroy()
    await stopped
  })

  test.each([true, false])('aborts those that do not answer (reading: %s)', async (reading) => {
    const log = createLog()
    await using lab = await startLab(echo(log), {
      timeouts: { shutdown: 200 },
      webSocket: { closeTimeout: 0 },
    })
    using socket = await openWebSocket(lab.url)
    if (!reading) {
      socket.connection.pause()
      for (let i = 0; i < 100; i++)
        log.channels[0]?.send(Buffer.alloc(262_144), { isText: false, last: true })
    }
    await lab.front.stop()
    await pollUntil(() => log.closes[0], 'the close')
    expect(log.closes).toEqual([{ code: 1012, reason: 'service restart' }])
    expect(lab.connections).toBe(0)
  })

  test('lets a handshake be denied, or accepted and closed', async () => {
    const log = createLog()
    const accepting = accept(log)
    await using lab = await startLab(() => {})
    using denied = await openRaw(lab.url)
    using accepted = await openRaw(lab.url)
    denied.send(formatHandshake({ target: '/denied' }))
    await pollUntil(() => lab.exchanges[0]?.webSocket, 'a handshake')
    accepted.send(formatHandshake())
    await pollUntil(() => lab.exchanges[1]?.webSocket, 'a handshake')
    const stopped = lab.front.stop()
    await sleep(10)
    const [first, second] = lab.exchanges
    if (first !== undefined) answer(first, 'no', { status: 503 })
    if (second !== undefined) accepting(second)
    expect((await denied.readResponse()).headers('connection')).toEqual(['close'])
    const socket = await finishHandshake(accepted)
    expect(await socket.readClose()).toBe('1012 service restart')
    socket.close(1012)
    await stopped
  })
})

describe('pings', () => {
  test('go out at their interval, and pongs keep the socket', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log), {
      webSocket: { pingInterval: 50, pingTimeout: 3000 },
    })
    using socket = await openWebSocket(lab.url)
    for (let i = 0; i < 4; i++) {
      const ping = await socket.readFrame()
      expect(ping).toMatchObject({ opcode: OPCODE.ping, last: true })
      socket.send(OPCODE.pong, ping.payload)
    }
    expect(log.closes).toEqual([])
  })

  test('without a pong abort the connection: 1006', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log), {
      webSocket: { pingInterval: 50, pingTimeout: 100 },
    })
    using socket = await openWebSocket(lab.url)
    await socket.connection.waitForEnd()
    await pollUntil(() => log.closes[0], 'the close')
    expect(log.closes).toEqual([{ code: 1006, reason: '' }])
    expect(lab.outcomes[0]?.error?.message).toBe('no pong arrived in time')
  })

  test.each([true, false])(
    'are not missed while the client is blocked (compressed: %s)',
    async (compressed) => {
      const log = createLog()
      await using lab = await startLab(accept(log, { credit: 0 }), {
        webSocket: { pingInterval: 50, pingTimeout: 100 },
      })
      const client = new WebSocket(lab.url.replace('http', 'ws'), { perMessageDeflate: compressed })
      await new Promise((resolve) => client.once('open', resolve))
      for (let i = 0; i < 1000; i++) client.send(Buffer.alloc(16_384))
      await sleep(500)
      expect(log.closes).toEqual([])
      log.channels[0]?.request(Number.MAX_SAFE_INTEGER)
      await pollUntil(() => log.messages.length === 1000 || undefined, 'all messages')
      client.close(1000)
      await pollUntil(() => log.closes[0], 'the close')
      expect(log.closes).toEqual([{ code: 1000, reason: '' }])
    },
  )

  test('do not disconnect a client that reads slowly', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log), {
      webSocket: { pingInterval: 50, pingTimeout: 400 },
    })
    using socket = await openWebSocket(lab.url)
    socket.discard()
    socket.connection.pause()
    const [channel] = log.channels
    const piece = Buffer.alloc(262_144)
    const fill = (): void => {
      while (channel?.send(piece, { isText: false, last: true }) === true);
    }
    if (channel !== undefined) channel.onDrain = fill
    fill()
    for (let i = 0; i < 12; i++) {
      socket.connection.resume()
      await sleep(10)
      socket.connection.pause()
      await sleep(100)
    }
    expect(log.closes).toEqual([])
  })

  test('detect a lost client while it is sent to', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log), {
      webSocket: { pingInterval: 50, pingTimeout: 100 },
    })
    using socket = await openWebSocket(lab.url)
    socket.connection.pause()
    const sending = setInterval(
      () => log.channels[0]?.send(Buffer.from('news'), { isText: true, last: true }),
      5,
    )
    await pollUntil(() => log.closes[0], 'the cut')
    clearInterval(sending)
    expect(lab.outcomes[0]?.error?.message).toBe('no pong arrived in time')
  })

  test('detect a lost client while it is blocked', async () => {
    const log = createLog()
    await using lab = await startLab(accept(log, { credit: 0 }), {
      webSocket: { pingInterval: 50, pingTimeout: 100 },
    })
    using socket = await openWebSocket(lab.url)
    for (let i = 0; i < 1000; i++) socket.send(OPCODE.binary, Buffer.alloc(16_384))
    await sleep(50)
    socket.connection.destroy()
    await pollUntil(() => log.closes[0], 'the close')
    expect(log.closes).toEqual([{ code: 1006, reason: '' }])
  })
})

describe('a socket', () => {
  test('counts among the connections as long as it is open', async () => {
    await using lab = await startLab(echo(createLog()), { limits: { connections: 1 } })
    using socket = await openWebSocket(lab.url)
    expect(lab.connections).toBe(1)
    using other = await openRaw(lab.url)
    expect((await other.readResponse()).status).toBe(503)
    socket.close(1000)
    await socket.connection.waitForEnd()
    await pollUntil(() => lab.connections === 0 || undefined, 'the end')
    using third = await openWebSocket(lab.url)
    expect(third.answer.status).toBe(101)
  })

  test('is not ended by the deadlines of requests', async () => {
    const log = createLog()
    const timeouts = { header: 50, body: 50, idle: 50, send: 50 }
    await using lab = await startLab(echo(log), { timeouts })
    using socket = await openWebSocket(lab.url)
    await sleep(300)
    socket.sendText('x')
    expect((await socket.readMessage()).payload.toString()).toBe('x')
  })

  test('is closed with 1011 when its handler fails', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using one = await openWebSocket(lab.url)
    using two = await openWebSocket(lab.url)
    lab.exchanges[0]?.response.abort(FAILURE)
    const [, second] = lab.exchanges
    if (second !== undefined) answerError(second, 'WORKER_DIED')
    for (const socket of [one, two]) {
      expect(await socket.readClose()).toBe('1011')
      socket.close(1011)
      await socket.connection.waitForEnd()
    }
    expect(log.closes).toHaveLength(2)
  })

  test('is closed with 1011 when the handler throws after accepting', async () => {
    const accepting = accept(createLog())
    await using lab = await startLab((exchange) => {
      accepting(exchange)
      throw FAILURE
    })
    using socket = await openWebSocket(lab.url)
    expect(await socket.readClose()).toBe('1011')
  })

  test('accepts no other answer', async () => {
    await using lab = await startLab(echo(createLog()))
    using socket = await openWebSocket(lab.url)
    const [exchange] = lab.exchanges
    expect(exchange?.response.begun).toBe(true)
    if (exchange !== undefined) answer(exchange, 'no')
    exchange?.response.inform(103, new FieldBlock('Link: </a>\r\n'))
    exchange?.response.write(Buffer.from('no'))
    exchange?.response.end()
    socket.sendText('x')
    expect((await socket.readFrame()).payload.toString()).toBe('x')
  })

  test('may come by a Unix socket, whose path is known', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'taipan-')), 'front.sock')
    await using lab = await startLab(echo(createLog()), { addresses: [{ kind: 'unix', path }] })
    using socket = await openWebSocket({ path })
    socket.sendText('x')
    expect((await socket.readMessage()).payload.toString()).toBe('x')
    expect(lab.exchanges[0]?.connection).toMatchObject({ localPath: path, remoteAddress: '' })
  })
})

const MANY = limitConnections(1000)

test(`${MANY} sockets live at once, and leave nothing behind`, async () => {
  const log = createLog()
  await using lab = await startLab(echo(log))
  const sockets = await Promise.all(Array.from({ length: MANY }, () => openWebSocket(lab.url)))
  expect(lab.connections).toBe(MANY)
  for (const [i, socket] of sockets.entries()) socket.sendText(String(i))
  for (const [i, socket] of sockets.entries())
    expect((await socket.readMessage()).payload.toString()).toBe(String(i))
  for (const socket of sockets) socket.close(1000)
  await pollUntil(() => lab.connections === 0 || undefined, 'all to end')
  expect(log.closes).toHaveLength(MANY)
  expect(lab.outcomes).toHaveLength(MANY)
  for (const socket of sockets) socket[Symbol.dispose]()
})
