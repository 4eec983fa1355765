import { constants, deflateRawSync } from 'node:zlib'

import { describe, expect, test } from 'vitest'

import type { WebSocketChannel } from '../../../src/core/exchange.ts'
import { MESSAGE_COST } from '../../../src/core/message-cost.ts'
import { pollUntil, sleep } from '../../support/raw-client.ts'
import { formatFrame, OPCODE, openWebSocket } from '../../support/web-socket-client.ts'
import { startLab } from '../support/front-lab.ts'
import { accept, createLog, echo } from './applications.ts'

const MIB = 1024 * 1024
const DEFLATE = { fields: [['Sec-WebSocket-Extensions', 'permessage-deflate']] } as const
const EMPTY_PING = formatFrame(OPCODE.ping)

describe('an application that does not receive', () => {
  test('blocks its client within a limit, and gets everything later', async () => {
    const log = createLog()
    await using lab = await startLab(accept(log, { credit: 0 }))
    using socket = await openWebSocket(lab.url)
    const count = 4000
    const frame = formatFrame(OPCODE.binary, Buffer.alloc(8192, 7))
    for (let i = 0; i < count; i++) socket.connection.send(frame)
    await sleep(100)
    // Kernel buffers on both sides are not ours; most of 32 MiB is still with the client.
    const { writableLength } = socket.connection.socket
    expect(writableLength).toBeGreaterThan(16 * MIB)
    await sleep(100)
    expect(socket.connection.socket.writableLength).toBe(writableLength)
    expect(log.messages).toEqual([])
    const cost = 8192 + MESSAGE_COST
    log.channels[0]?.request(cost * 10)
    expect(log.messages.length).toBe(10)
    for (let i = 10; i < count; i++) log.channels[0]?.request(cost)
    await pollUntil(() => log.messages.length === count || undefined, 'all messages')
    socket.close(1000)
    expect(await socket.readClose()).toBe('1000')
  })

  test('still has pings answered', async () => {
    const log = createLog()
    await using lab = await startLab(accept(log, { credit: 0 }))
    using socket = await openWebSocket(lab.url)
    for (let i = 0; i < 10; i++) {
      socket.sendText(`message ${i}`)
      socket.send(OPCODE.ping, `ping ${i}`)
      expect((await socket.readFrame()).payload.toString()).toBe(`ping ${i}`)
    }
    expect(log.messages).toEqual([])
    log.channels[0]?.request(1)
    expect(log.messages.map((message) => message.data.toString())).toEqual(['message 0'])
    log.channels[0]?.request(8 + MESSAGE_COST)
    expect(log.messages).toHaveLength(1)
    log.channels[0]?.request(1)
    expect(log.messages).toHaveLength(2)
  })

  test('gets few compressed messages at once, however many fit into one read', async () => {
    const log = createLog()
    await using lab = await startLab(accept(log, { credit: 0 }))
    using socket = await openWebSocket(lab.url, DEFLATE)
    const count = 40
    socket.connection.send(formatMany(count))
    expect((await socket.readFrame()).payload.toString()).toBe('0')
    // The other versions have the same zlib.
    using other = await openWebSocket(lab.url, DEFLATE)
    log.channels[1]?.request(Number.MAX_SAFE_INTEGER)
    other.connection.send(formatMany(count))
    for (let i = 0; i < count; i++)
      expect((await other.readFrame()).payload.toString()).toBe(String(i))
    expect(log.messages).toHaveLength(count)
    expect(socket.readAtOnce()).toBeUndefined()
    for (let i = 1; i < count; i++) {
      log.channels[0]?.request(MIB + MESSAGE_COST)
      expect((await socket.readFrame()).payload.toString()).toBe(String(i))
    }
    log.channels[0]?.request(1)
    expect(log.messages).toHaveLength(2 * count)
    expect(log.messages.map(({ data }) => data.length)).toEqual(Array(2 * count).fill(MIB))
    socket.close(1000)
    expect(await socket.readClose()).toBe('1000')
  })

  test('learns of a lost client while compressed messages wait', async () => {
    const log = createLog()
    await using lab = await startLab(accept(log, { credit: 0 }))
    using socket = await openWebSocket(lab.url, DEFLATE)
    socket.connection.send(formatMany(40))
    expect((await socket.readFrame()).payload.toString()).toBe('0')
    // A paused socket does not see the end, but its writes fail.
    socket.connection.socket.resetAndDestroy()
    await pollUntil(() => {
      log.channels[0]?.send(Buffer.alloc(65_536), { isText: false, last: true })
      return log.closes[0]
    }, 'the close')
    expect(log.closes).toEqual([{ code: 1006, reason: '' }])
    expect(log.messages).toHaveLength(1)
    await pollUntil(() => lab.outcomes[0], 'the end of the exchange')
  })

  test('gets what was read ahead, in order, before the end', async () => {
    const log = createLog()
    await using lab = await startLab(accept(log, { credit: 0 }))
    using socket = await openWebSocket(lab.url)
    for (let i = 0; i < 5; i++) socket.sendText(String(i))
    socket.close(4000)
    expect(await socket.readClose()).toBe('4000')
    await pollUntil(() => log.closes[0], 'the close')
    expect(log.messages.map((message) => message.data.toString()).join('')).toBe('01234')
  })

  test('can request more while it receives a message', async () => {
    const log = createLog()
    const onMessage: NonNullable<Parameters<typeof accept>[1]>['onMessage'] = (channel, data) =>
      channel.request(data.length + MESSAGE_COST)
    await using lab = await startLab(accept(log, { credit: 1, onMessage }))
    using socket = await openWebSocket(lab.url)
    for (let i = 0; i < 100; i++) socket.sendText('x'.repeat(i + 1))
    await pollUntil(() => log.messages.length === 100 || undefined, 'all messages')
    expect(log.messages.map((message) => message.data.length)).toEqual(
      Array.from({ length: 100 }, (_, i) => i + 1),
    )
  })
})

describe('a client that does not read', () => {
  test('blocks the application until it reads', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url)
    socket.connection.pause()
    const [channel] = log.channels
    const piece = Buffer.alloc(32_768, 1)
    let sent = 0
    let drained = 0
    if (channel !== undefined)
      channel.onDrain = () => {
        drained += 1
      }
    // The kernel accepts some MiB first.
    while (sent < 2000 && channel?.send(piece, { isText: false, last: true }) === true) {
      sent += 1
      await sleep(0)
    }
    expect(sent).toBeLessThan(2000)
    expect(channel?.send(piece, { isText: false, last: true })).toBe(false)
    expect(drained).toBe(0)
    socket.connection.resume()
    for (let i = 0; i < sent + 2; i++)
      expect((await socket.readMessage()).payload.length).toBe(piece.length)
    expect(drained).toBe(1)
    expect(channel?.send(piece, { isText: false, last: true })).toBe(true)
  })

  test('and floods pings gets only the last pongs, in limited memory', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url)
    const payload = Buffer.alloc(125, 'p')
    const batch = Buffer.concat(
      Array.from({ length: 500 }, () => formatFrame(OPCODE.ping, payload)),
    )
    const before = process.memoryUsage()
    socket.connection.pause()
    for (let i = 0; i < 400; i++) await socket.connection.sendAll(batch)
    await sleep(50)
    const after = process.memoryUsage()
    expect(
      after.arrayBuffers + after.external - before.arrayBuffers - before.external,
    ).toBeLessThan(24 * MIB)
    socket.send(OPCODE.ping, 'last')
    socket.connection.resume()
    let pongs = 0
    for (;;) {
      const frame = await socket.readFrame()
      expect(frame.opcode).toBe(OPCODE.pong)
      pongs += 1
      if (frame.payload.toString() === 'last') break
    }
    expect(pongs).toBeLessThan(200_001)
    socket.sendText('still here')
    expect((await socket.readMessage()).payload.toString()).toBe('still here')
  })

  test('is disconnected after the send timeout', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log), { timeouts: { send: 200 } })
    using socket = await openWebSocket(lab.url)
    socket.connection.pause()
    const [channel] = log.channels
    for (let i = 0; i < 200; i++)
      channel?.send(Buffer.alloc(MIB / 4), { isText: false, last: true })
    await pollUntil(() => log.closes[0], 'the cut')
    expect(log.closes).toEqual([{ code: 1006, reason: '' }])
    expect(lab.outcomes[0]?.error?.message).toBe('the client does not read')
  })

  test('is not disconnected while it reads slowly', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log), { timeouts: { send: 400 } })
    using socket = await openWebSocket(lab.url)
    socket.discard()
    socket.connection.pause()
    const size = 16 * MIB
    log.channels[0]?.send(Buffer.alloc(size), { isText: false, last: true })
    // Far longer than the deadline in total, but never so long without a byte.
    for (let i = 0; i < 12; i++) {
      socket.connection.resume()
      await sleep(10)
      socket.connection.pause()
      await sleep(100)
    }
    expect(log.closes).toEqual([])
    socket.connection.resume()
    await socket.connection.waitUntil(() => socket.connection.received > size, 'all of it')
  })
})

describe('the end', () => {
  /** Sends until the client, which does not read, causes backpressure. */
  async function fill(channel: WebSocketChannel | undefined): Promise<void> {
    const piece = Buffer.alloc(32_768)
    while (channel?.send(piece, { isText: false, last: true }) === true) await sleep(0)
  }

  test('is reported at once when the client closes without reading', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log), { webSocket: { closeTimeout: 0 } })
    using socket = await openWebSocket(lab.url)
    socket.connection.pause()
    await fill(log.channels[0])
    socket.sendText('last')
    socket.close(3000, 'bye')
    await pollUntil(() => log.closes[0], 'the close')
    expect(log.closes).toEqual([{ code: 3000, reason: 'bye' }])
    expect(log.messages.map(({ data }) => data.toString())).toEqual(['last'])
    expect(lab.outcomes).toEqual([])
    socket.connection.destroy()
    await pollUntil(() => lab.outcomes[0], 'the end of the connection')
    expect(log.closes).toHaveLength(1)
  })

  test('is reported at once when our side closes while sends are blocked', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log), { webSocket: { closeTimeout: 0 } })
    using socket = await openWebSocket(lab.url)
    const [channel] = log.channels
    let drained = 0
    if (channel !== undefined)
      channel.onDrain = () => {
        drained += 1
      }
    channel?.close({ code: 1012, reason: '' })
    expect(channel?.send(Buffer.from('late'), { isText: true, last: true })).toBe(false)
    expect(log.closes).toEqual([])
    await sleep(0)
    expect(log.closes).toEqual([{ code: 1012, reason: '' }])
    expect(await socket.readClose()).toBe('1012')
    expect(drained).toBe(0)
  })

  test('waits for a client that reads slowly what was sent before', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log), { webSocket: { closeTimeout: 400 } })
    using socket = await openWebSocket(lab.url)
    socket.discard()
    socket.connection.pause()
    const size = 16 * MIB
    log.channels[0]?.send(Buffer.alloc(size), { isText: false, last: true })
    log.channels[0]?.close({ code: 1000, reason: '' })
    for (let i = 0; i < 12; i++) {
      socket.connection.resume()
      await sleep(10)
      socket.connection.pause()
      await sleep(100)
    }
    socket.connection.resume()
    await socket.connection.waitUntil(() => socket.connection.received > size, 'all of it')
  })
})

test('a burst of pings is answered one by one to a client that reads', async () => {
  await using lab = await startLab(echo(createLog()))
  using socket = await openWebSocket(lab.url)
  const pings = Array.from({ length: 2000 }, (_, i) => formatFrame(OPCODE.ping, String(i)))
  socket.connection.send(Buffer.concat(pings))
  for (let i = 0; i < 2000; i++)
    expect((await socket.readFrame()).payload.toString()).toBe(String(i))
})

test('a flood of tiny frames does not block others', async () => {
  await using lab = await startLab(echo(createLog()))
  using socket = await openWebSocket(lab.url)
  const flood = Buffer.concat(Array.from({ length: 350_000 }, () => EMPTY_PING))
  const turns: number[] = []
  let flooding = true
  const note = (): void => {
    turns.push(performance.now())
    if (flooding) setImmediate(note)
  }
  note()
  socket.discard()
  socket.connection.send(flood)
  socket.close(1000)
  await socket.connection.waitForEnd()
  flooding = false
  const longest = Math.max(...turns.slice(1).map((turn, i) => turn - (turns[i] ?? turn)))
  const whole = (turns.at(-1) ?? 0) - (turns[0] ?? 0)
  expect(longest / whole).toBeLessThan(0.5)
})

test('a close waits for the messages before it', async () => {
  const log = createLog()
  await using lab = await startLab(echo(log))
  using socket = await openWebSocket(lab.url)
  socket.connection.pause()
  for (let i = 0; i < 64; i++)
    log.channels[0]?.send(Buffer.alloc(MIB / 4, i), { isText: false, last: true })
  log.channels[0]?.close({ code: 1000, reason: 'done' })
  socket.connection.resume()
  for (let i = 0; i < 64; i++) expect((await socket.readMessage()).payload[0]).toBe(i)
  expect(await socket.readClose()).toBe('1000 done')
})

/** Messages of 1 MiB that compress to 1 KiB, each followed by a ping with its number. */
function formatMany(count: number): Buffer {
  const small = deflateRawSync(Buffer.alloc(MIB), { finishFlush: constants.Z_SYNC_FLUSH })
  const message = formatFrame(OPCODE.binary, small.subarray(0, -4), { reserved: 4 })
  return Buffer.concat(
    Array.from({ length: count }, (_, i) => [message, formatFrame(OPCODE.ping, String(i))]).flat(),
  )
}
