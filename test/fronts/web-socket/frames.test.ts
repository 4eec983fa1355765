import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'

import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'

import { pollUntil } from '../../support/raw-client.ts'
import {
  formatClose,
  formatFrame,
  OPCODE,
  openWebSocket,
  type FrameShape,
  type RawFrame,
  type RawWebSocket,
} from '../../support/web-socket-client.ts'
import { startLab } from '../support/front-lab.ts'
import { createLog, echo } from './applications.ts'

const DEFLATE = { fields: [['Sec-WebSocket-Extensions', 'permessage-deflate']] } as const

describe('messages', () => {
  const sizes = [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, 1024 * 1024]

  test.each(sizes)('of %i bytes come back unchanged', async (size) => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url)
    for (const [opcode, payload] of [
      [OPCODE.binary, randomBytes(size)],
      [OPCODE.text, Buffer.alloc(size, 'x')],
    ] as const) {
      socket.send(opcode, payload)
      const message = await socket.readMessage()
      expect(message.opcode).toBe(opcode)
      expect(message.payload.equals(payload)).toBe(true)
    }
    expect(log.messages.map((message) => message.isText)).toEqual([false, true])
  })

  test.each(sizes)('of %i bytes come back to a client that compresses', async (size) => {
    await using lab = await startLab(echo(createLog()))
    const client = new WebSocket(lab.url.replace('http', 'ws'), {
      perMessageDeflate: { threshold: 0 },
    })
    const binary = Buffer.alloc(size, 'abc')
    const received: [number, boolean][] = []
    client.on('message', (data, isBinary) => {
      received.push([Buffer.isBuffer(data) && data.equals(binary) ? data.length : -1, isBinary])
      if (received.length === 2) client.close(1000)
    })
    client.on('open', () => {
      client.send(binary)
      client.send(binary.toString('latin1'))
    })
    await new Promise((resolve) => client.once('close', resolve))
    expect(client.extensions).toBe('permessage-deflate')
    expect(received).toEqual([
      [size, true],
      [size, false],
    ])
  })

  test('in fragments are one, with pings between them answered at once', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url)
    socket.send(OPCODE.text, Buffer.from('ä').subarray(0, 1), { last: false })
    socket.send(OPCODE.ping, 'one')
    expect((await socket.readFrame()).payload.toString()).toBe('one')
    socket.send(OPCODE.more, Buffer.from('ä').subarray(1), { last: false })
    socket.send(OPCODE.more, '', { last: false })
    socket.send(OPCODE.pong, 'nobody asked')
    socket.send(OPCODE.ping, 'two')
    expect((await socket.readFrame()).opcode).toBe(OPCODE.pong)
    expect(log.messages).toEqual([])
    socket.send(OPCODE.more, 'b')
    expect((await socket.readMessage()).payload.toString()).toBe('äb')
    expect(log.messages).toHaveLength(1)
  })

  test('may come byte by byte', async () => {
    await using lab = await startLab(echo(createLog()))
    using socket = await openWebSocket(lab.url)
    const frames = Buffer.concat([
      formatFrame(OPCODE.text, 'hä', { last: false }),
      formatFrame(OPCODE.ping, 'p'),
      formatFrame(OPCODE.more, 'y'.repeat(200)),
      formatFrame(OPCODE.close, formatClose(1000)),
    ])
    const pieces = Array.from(frames, (byte) => Buffer.from([byte]))
    await socket.connection.sendPieces(pieces, 0)
    const controls: RawFrame[] = []
    const message = await socket.readMessage((frame) => controls.push(frame))
    expect(message.payload.toString()).toBe(`hä${'y'.repeat(200)}`)
    expect(controls.map((frame) => frame.payload.toString())).toEqual(['p'])
    expect(await socket.readClose()).toBe('1000')
  })

  test('of the application may be sent in pieces', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url)
    await pollUntil(() => log.channels[0], 'the channel')
    log.channels[0]?.send(Buffer.from('a'), { isText: true, last: false })
    log.channels[0]?.send(Buffer.from('b'), { isText: true, last: false })
    log.channels[0]?.send(Buffer.from(''), { isText: true, last: true })
    log.channels[0]?.send(Buffer.from('c'), { isText: false, last: true })
    expect(await socket.readFrame()).toMatchObject({ opcode: OPCODE.text, last: false })
    expect((await socket.readMessage()).opcode).toBe(OPCODE.more)
    expect(await socket.readMessage()).toMatchObject({ opcode: OPCODE.binary, last: true })
  })

  test('of the application are compressed when they are long, pieces included', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url, DEFLATE)
    await pollUntil(() => log.channels[0], 'the channel')
    const [channel] = log.channels
    channel?.send(Buffer.from('short'), { isText: true, last: true })
    channel?.send(Buffer.alloc(5000, 'x'), { isText: true, last: true })
    channel?.send(Buffer.alloc(100_000, 'x'), { isText: true, last: false })
    channel?.send(Buffer.alloc(100_000, 'x'), { isText: true, last: true })
    expect(await socket.readFrame()).toMatchObject({ reserved: 0, payload: Buffer.from('short') })
    const long = await socket.readFrame()
    expect(long.reserved).toBe(4)
    expect(long.payload.length).toBeLessThan(100)
    expect(await socket.readFrame()).toMatchObject({ reserved: 4, last: false })
    expect(await socket.readFrame()).toMatchObject({ reserved: 0, last: true, opcode: OPCODE.more })
  })
})

describe('a client that breaks the protocol', () => {
  type Send = (socket: RawWebSocket) => void
  const frame =
    (opcode: number, payload: Buffer | string = '', shape: FrameShape = {}): Send =>
    (socket) =>
      socket.send(opcode, payload, shape)
  const both =
    (...sends: readonly Send[]): Send =>
    (socket) => {
      for (const send of sends) send(socket)
    }

  const rows: readonly (readonly [string, number, Send])[] = [
    ['by a frame without mask', 1002, frame(OPCODE.text, 'x', { masked: false })],
    ['by a close without mask', 1002, frame(OPCODE.close, '', { masked: false })],
    ['by RSV1 without compression', 1002, frame(OPCODE.text, 'x', { reserved: 4 })],
    ['by RSV2', 1002, frame(OPCODE.text, 'x', { reserved: 2 })],
    ['by RSV3', 1002, frame(OPCODE.text, 'x', { reserved: 1 })],
    ['by RSV in a ping', 1002, frame(OPCODE.ping, 'x', { reserved: 4 })],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
      (opcode) => [`by opcode ${opcode}`, 1002, frame(opcode, 'x')] as const,
    ),
    ['by a ping of 126 bytes', 1002, frame(OPCODE.ping, Buffer.alloc(126))],
    ['by a ping of 65536 bytes', 1002, frame(OPCODE.ping, Buffer.alloc(65_536))],
    ['by a close of 126 bytes', 1002, frame(OPCODE.close, formatClose(1000, 'x'.repeat(124)))],
    ['by a ping in fragments', 1002, frame(OPCODE.ping, 'x', { last: false })],
    ['by a close in fragments', 1002, frame(OPCODE.close, '', { last: false })],
    ['by a close of one byte', 1002, frame(OPCODE.close, 'x')],
    ['by a continuation of nothing', 1002, frame(OPCODE.more, 'x')],
    ['by an unfinished continuation of nothing', 1002, frame(OPCODE.more, 'x', { last: false })],
    [
      'by a message in a message',
      1002,
      both(frame(OPCODE.text, 'x', { last: false }), frame(OPCODE.text, 'y')),
    ],
    ['by text that is no UTF-8', 1007, frame(OPCODE.text, Buffer.from([0xce, 0xba, 0xff]))],
    ['by a surrogate', 1007, frame(OPCODE.text, Buffer.from([0xed, 0xa0, 0x80]))],
    ['by an overlong form', 1007, frame(OPCODE.text, Buffer.from([0xc0, 0xaf]))],
    ['by a cut character', 1007, frame(OPCODE.text, Buffer.from('ä').subarray(0, 1))],
    [
      'by text over two fragments that is no UTF-8',
      1007,
      both(
        frame(OPCODE.text, Buffer.from([0xe2, 0x82]), { last: false }),
        frame(OPCODE.more, Buffer.from([0x28])),
      ),
    ],
    [
      'by a reason that is no UTF-8',
      1007,
      frame(OPCODE.close, formatClose(1000, Buffer.from([0xff, 0xfe]))),
    ],
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(
      (code) => [`by close code ${code}`, 1002, frame(OPCODE.close, formatClose(code))] as const,
    ),
    [
      'by the announcement of 1 GiB',
      1009,
      frame(OPCODE.binary, 'x', { announced: 1024 ** 3, lengthBytes: 8 }),
    ],
    [
      'by the announcement of 2^63 bytes',
      1009,
      frame(OPCODE.binary, 'x', { announced: 2 ** 62, lengthBytes: 8 }),
    ],
    [
      'by 1 GiB announced in continuations',
      1009,
      both(
        frame(OPCODE.binary, Buffer.alloc(60_000), { last: false }),
        frame(OPCODE.more, Buffer.alloc(60_000), { last: false }),
        frame(OPCODE.more, 'x', { announced: 1024 ** 3 - 120_000, lengthBytes: 8 }),
      ),
    ],
    [
      'by continuations over the limit',
      1009,
      (socket) => {
        socket.send(OPCODE.binary, Buffer.alloc(60_000), { last: false })
        for (let i = 0; i < 20; i++) socket.send(OPCODE.more, Buffer.alloc(60_000), { last: false })
      },
    ],
    [
      'by endless empty continuations',
      1008,
      (socket) => {
        socket.send(OPCODE.binary, 'x', { last: false })
        const none = formatFrame(OPCODE.more, '', { last: false })
        socket.connection.send(Buffer.concat(Array.from({ length: 20_000 }, () => none)))
      },
    ],
  ]

  test.each(rows)('%s gets %i', async (_name, code, send) => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url)
    send(socket)
    expect(await socket.readClose()).toBe(String(code))
    socket.connection.finishSending()
    await socket.connection.waitForEnd()
    await pollUntil(() => log.closes[0], 'the close')
    expect(log.closes).toEqual([{ code, reason: '' }])
    expect(log.messages).toEqual([])
  })

  const bomb = deflateRawSync(Buffer.alloc(64 * 1024 * 1024)).subarray(0, -4)
  test.each([
    ['a bomb', 1009, [bomb]],
    ['a bomb in two fragments', 1009, [bomb.subarray(0, 9000), bomb.subarray(9000)]],
    ['what is no deflate', 1007, [Buffer.from([0xff, 0xff, 0xff, 0xff])]],
  ] as const)('by compression of %s is told %i', async (_name, code, parts) => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url, DEFLATE)
    const before = process.memoryUsage().rss
    for (const [i, part] of parts.entries())
      socket.send(i === 0 ? OPCODE.binary : OPCODE.more, part, {
        last: i === parts.length - 1,
        reserved: i === 0 ? 4 : 0,
      })
    expect(await socket.readClose()).toBe(String(code))
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * 1024 * 1024)
    expect(log.messages).toEqual([])
  })

  test('is disconnected when it continues after that', async () => {
    await using lab = await startLab(echo(createLog()), { webSocket: { closeTimeout: 200 } })
    using socket = await openWebSocket(lab.url)
    socket.send(OPCODE.ping, '', { last: false })
    expect(await socket.readClose()).toBe('1002')
    const flood = setInterval(() => socket.connection.send(Buffer.alloc(10_000)), 5)
    try {
      await pollUntil(() => lab.outcomes[0], 'the end of the exchange')
    } finally {
      clearInterval(flood)
    }
  })
})

describe('a close', () => {
  test.each([
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
  ])('with %i is sent back, and reported to the application', async (code) => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url)
    socket.sendText('last words')
    socket.close(code, 'grün')
    expect((await socket.readMessage()).payload.toString()).toBe('last words')
    expect(await socket.readClose()).toBe(`${code} grün`)
    await socket.connection.waitForEnd()
    expect(socket.connection.error).toBeUndefined()
    expect(log.closes).toEqual([{ code, reason: 'grün' }])
    expect(lab.outcomes).toEqual([{ status: 101, bytes: 10, error: undefined }])
  })

  test('without a code is 1005, and ends although the client stays', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log), { webSocket: { closeTimeout: 0 } })
    using socket = await openWebSocket(lab.url)
    socket.send(OPCODE.close)
    expect(await socket.readClose()).toBe('')
    await pollUntil(() => log.closes[0], 'the close')
    expect(log.closes).toEqual([{ code: 1005, reason: '' }])
  })

  test('with the longest reason arrives', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url)
    socket.close(1000, 'x'.repeat(123))
    expect(await socket.readClose()).toBe(`1000 ${'x'.repeat(123)}`)
    await pollUntil(() => log.closes[0], 'the close')
    expect(log.closes[0]?.reason).toHaveLength(123)
  })

  test.each(['leave', 'reset', 'half-close'])('is missing when clients %s: 1006', async (how) => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url)
    socket.sendText('x')
    await socket.readMessage()
    if (how === 'leave') socket.connection.destroy()
    else if (how === 'reset') socket.connection.reset()
    else socket.connection.finishSending()
    await pollUntil(() => log.closes[0], 'the close')
    expect(log.closes).toEqual([{ code: 1006, reason: '' }])
    expect(lab.outcomes[0]).toMatchObject({ status: 101, bytes: 1 })
    expect(lab.outcomes[0]?.error).toBeDefined()
  })

  test('of the application reports its own code', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url)
    const [channel] = log.channels
    channel?.send(Buffer.from('before'), { isText: true, last: true })
    channel?.close({ code: 4001, reason: 'enough' })
    channel?.send(Buffer.from('behind'), { isText: true, last: true })
    channel?.close({ code: 4002, reason: 'again' })
    expect((await socket.readMessage()).payload.toString()).toBe('before')
    expect(await socket.readClose()).toBe('4001 enough')
    socket.sendText('too late')
    socket.close(1000)
    await socket.connection.waitForEnd()
    expect(log.closes).toEqual([{ code: 4001, reason: 'enough' }])
    expect(log.messages).toEqual([])
    expect(lab.outcomes).toEqual([{ status: 101, bytes: 6, error: undefined }])
  })

  test('of the application that the client ignores aborts the connection', async () => {
    const log = createLog()
    await using lab = await startLab(echo(log), { webSocket: { closeTimeout: 100 } })
    using socket = await openWebSocket(lab.url)
    log.channels[0]?.close({ code: 1000, reason: '' })
    await socket.connection.waitForEnd()
    await pollUntil(() => log.closes[0], 'the close')
    expect(log.closes).toEqual([{ code: 1000, reason: '' }])
  })

  test.each([
    [999, 'x', '1011 x'],
    [1004, '', '1011'],
    [1005, '', '1011'],
    [1006, '', '1011'],
    [1015, '', '1011'],
    [2999, '', '1011'],
    [5000, '', '1011'],
    [Number.NaN, '', '1011'],
    [1000, `${'x'.repeat(122)}äöü`, `1000 ${'x'.repeat(122)}`],
  ])('of the application with %d is never sent as it is', async (code, reason, told) => {
    const log = createLog()
    await using lab = await startLab(echo(log))
    using socket = await openWebSocket(lab.url)
    log.channels[0]?.close({ code, reason })
    expect(await socket.readClose()).toBe(told)
  })
})
