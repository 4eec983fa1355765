import { describe, expect, test } from 'vitest'

import type { Exchange } from '../../../src/core/exchange.ts'
import { FieldBlock } from '../../../src/core/field-block.ts'
import { createResponseHead } from '../../../src/core/response-head.ts'
import {
  formatData,
  formatFrame,
  formatHead,
  formatNumber,
  formatSettings,
  formatWideStart,
  Frame,
  PREFACE,
  requestFields,
} from '../../support/http2-frames.ts'
import { pollUntil, sleep } from '../../support/raw-client.ts'
import { answer, nameRequest, startLab } from '../support/front-lab.ts'
import { Code, openFrames, type FrameClient } from './support.ts'

const MOST_STREAMS = 100

describe('what a client can do for nothing', () => {
  test('many requests that are reset at once end the connection', async () => {
    await using lab = await startLab(() => {})
    using client = await openFrames(lab.url)
    client.send(formatWideStart())
    for (let id = 1; id < 1200; id += 2)
      client.send(formatHead(id, requestFields()), formatNumber(Frame.RST_STREAM, id, Code.CANCEL))
    await client.raw.waitForEnd()
    expect(client.goaways).toContain(Code.ENHANCE_YOUR_CALM)
    expect(lab.exchanges.length).toBeLessThanOrEqual(202)
    expect(lab.outcomes.length).toBe(lab.exchanges.length)
  })

  test('so do requests whose bodies are on their way', async () => {
    await using lab = await startLab(() => {})
    using client = await openFrames(lab.url)
    client.send(formatWideStart())
    for (let id = 1; id < 1200 && !client.raw.ended; id += 2) {
      const known = lab.exchanges.length
      client.send(formatHead(id, requestFields('/', 'POST'), 0), formatData(id, 'x', false))
      await pollUntil(
        () => lab.exchanges.length > known || client.raw.ended || undefined,
        'the request',
        { pause: 1 },
      )
      client.send(formatNumber(Frame.RST_STREAM, id, Code.CANCEL))
    }
    await client.raw.waitForEnd()
    expect(client.goaways).toContain(Code.ENHANCE_YOUR_CALM)
    expect(lab.exchanges.length).toBeLessThanOrEqual(300)
  })

  test('requests with bodies that are answered are no resets', async () => {
    await using lab = await startLab((exchange) => {
      exchange.body.onProgress = () => {
        if (exchange.body.complete) answer(exchange, 'done')
      }
      exchange.body.request(65_536)
    })
    using client = await openFrames(lab.url)
    client.send(formatWideStart())
    for (let id = 1; id < 800; id += 2) {
      client.send(formatHead(id, requestFields('/', 'POST'), 0), formatData(id, 'x', true))
      const ended = (): boolean => lab.outcomes.length > (id - 1) / 2 || client.raw.ended
      await pollUntil(() => ended() || undefined, 'the answer', { pause: 1 })
    }
    expect(client.goaways).toEqual([])
    expect(lab.outcomes).toHaveLength(400)
  })

  test('so do WebSockets that are reset once they are accepted', async () => {
    await using lab = await startLab((exchange) => {
      exchange.webSocket?.accept({ subprotocol: '', fields: new FieldBlock('') })
    })
    using client = await openFrames(lab.url)
    client.send(formatWideStart())
    const fields = requestFields('/', 'CONNECT', [
      [':protocol', 'websocket'],
      ['sec-websocket-version', '13'],
    ])
    for (let id = 1; id < 1200 && !client.raw.ended; id += 2) {
      client.send(formatHead(id, fields, 0))
      await pollUntil(
        () => client.find(Frame.HEADERS, id) !== undefined || client.raw.ended || undefined,
        'the answer',
        { pause: 1 },
      )
      client.send(formatNumber(Frame.RST_STREAM, id, Code.CANCEL))
    }
    await client.raw.waitForEnd()
    expect(client.goaways).toContain(Code.ENHANCE_YOUR_CALM)
    expect(lab.exchanges.length).toBeLessThanOrEqual(400)
  })

  test('a request that was reset keeps its place while someone works for it', async () => {
    const leave: (() => void)[] = []
    await using lab = await startLab((exchange) => {
      exchange.onFinish(() => leave.push(exchange.occupy()))
    })
    using client = await openFrames(lab.url)
    client.send(formatWideStart())
    let id = 1
    for (let i = 0; i < MOST_STREAMS; i += 1, id += 2) client.send(formatHead(id, requestFields()))
    await pollUntil(() => lab.exchanges.length === MOST_STREAMS || undefined, 'the requests')
    for (let one = 1; one < id; one += 2)
      client.send(formatNumber(Frame.RST_STREAM, one, Code.CANCEL))
    await pollUntil(() => leave.length === MOST_STREAMS || undefined, 'the ends of the requests')
    client.send(formatHead(id, requestFields()))
    expect(await client.waitForReset(id)).toBe(Code.REFUSED_STREAM)
    for (const one of leave.splice(0)) one()
    client.send(formatHead(id + 2, requestFields()))
    await pollUntil(() => lab.exchanges.length > MOST_STREAMS || undefined, 'the next request')
    expect(client.raw.ended).toBe(false)
  })

  test('streams over the limit are refused, and the connection lives', async () => {
    const held: Exchange[] = []
    await using lab = await startLab((exchange) => held.push(exchange))
    using client = await openFrames(lab.url)
    client.send(formatWideStart())
    for (let i = 0; i < MOST_STREAMS + 5; i += 1)
      client.send(formatHead(2 * i + 1, requestFields()))
    for (let i = MOST_STREAMS; i < MOST_STREAMS + 5; i += 1)
      expect(await client.waitForReset(2 * i + 1)).toBe(Code.REFUSED_STREAM)
    expect(lab.exchanges.length).toBe(MOST_STREAMS)
    for (const exchange of held.splice(0)) answer(exchange, 'late')
    await client.waitFor(Frame.DATA, 2 * MOST_STREAMS - 1)
    client.send(formatHead(999, requestFields()))
    await pollUntil(() => held[0], 'the next request')
  })

  test.each<[string, (client: FrameClient) => void]>([
    ['pings', (client) => client.send(formatFrame(Frame.PING, 0, 0, Buffer.alloc(8)))],
    ['settings', (client) => client.send(formatSettings())],
  ])('%s without end end the connection', async (_name, send) => {
    await using lab = await startLab(nameRequest)
    using client = await openFrames(lab.url)
    client.send(formatWideStart())
    for (let i = 0; i < 5000 && !client.raw.ended; i += 1) {
      send(client)
      if (i % 100 === 0) await sleep(1)
    }
    await client.raw.waitForEnd()
    expect(client.goaways).toContain(Code.ENHANCE_YOUR_CALM)
  })

  test('pings of a client that does not read do not pile up', async () => {
    await using lab = await startLab(nameRequest)
    using client = await openFrames(lab.url)
    client.raw.pause()
    client.send(formatWideStart())
    const pings = Buffer.concat(
      Array.from({ length: 1000 }, () => formatFrame(Frame.PING, 0, 0, Buffer.alloc(8))),
    )
    for (let i = 0; i < 50; i += 1) client.send(pings)
    await pollUntil(() => lab.connections === 0 || undefined, 'the connection to be closed')
  })

  test('a head without an end ends the connection', async () => {
    await using lab = await startLab(nameRequest)
    using client = await openFrames(lab.url)
    client.send(formatWideStart(), formatFrame(Frame.HEADERS, 1, 1, ''))
    for (let i = 0; i < 2000 && !client.raw.ended; i += 1) {
      client.send(formatFrame(Frame.CONTINUATION, 0, 1, ''))
      if (i % 50 === 0) await sleep(1)
    }
    await client.raw.waitForEnd()
    expect(lab.exchanges).toEqual([])
  })

  test('a head that grows when it is unpacked is refused', async () => {
    await using lab = await startLab(nameRequest)
    using client = await openFrames(lab.url)
    client.send(formatWideStart())
    // One literal that is indexed, and then named by one byte again and again (RFC 7541, 6.1).
    const literal = Buffer.concat([
      Buffer.from([0x40, 1]),
      Buffer.from('x'),
      Buffer.from([127, 0x81 + 0x20, 0x1e]),
      Buffer.alloc(4000, 'y'),
    ])
    const bomb = Buffer.alloc(10_000, 0x80 + 62)
    const start = Buffer.from([0x82, 0x86, 0x84])
    client.send(formatFrame(Frame.HEADERS, 5, 1, Buffer.concat([start, literal, bomb])))
    await client.raw.waitUntil(
      () => client.raw.ended || client.find(Frame.RST_STREAM, 1) !== undefined,
      'the refusal',
    )
    expect(lab.exchanges).toEqual([])
  })

  test('pieces of a body without bytes end the connection', async () => {
    await using lab = await startLab(() => {})
    using client = await openFrames(lab.url)
    client.send(formatWideStart(), formatHead(1, requestFields('/', 'POST'), 0))
    for (let i = 0; i < 5000 && !client.raw.ended; i += 1) {
      client.send(formatFrame(Frame.DATA, 0, 1))
      if (i % 100 === 0) await sleep(1)
    }
    await client.raw.waitForEnd()
    await pollUntil(() => lab.outcomes[0], 'the outcome')
  })
})

describe('windows', () => {
  test('what waits behind closed windows is bounded, and the connection lives', async () => {
    const piece = Buffer.alloc(65_536, 'x')
    let written = 0
    await using lab = await startLab(({ request, response }) => {
      if (request.path === '/small') {
        response.send(createResponseHead(200, []), '')
        return
      }
      const write = (): void => {
        do written += piece.length
        while (response.write(piece) && written < 1 << 30)
      }
      response.begin(createResponseHead(200, []))
      response.onDrain = write
      write()
    })
    using client = await openFrames(lab.url)
    // The windows of all streams are closed from the beginning.
    client.send(PREFACE, formatSettings({ 4: 0 }))
    for (let i = 0; i < 90; i += 1) client.send(formatHead(2 * i + 1, requestFields()))
    await pollUntil(() => lab.exchanges.length > 50 || undefined, 'the requests')
    client.send(formatHead(1001, requestFields('/small')))
    await client.raw.waitUntil(
      () =>
        client.find(Frame.HEADERS, 1001) !== undefined ||
        client.find(Frame.RST_STREAM, 1001) !== undefined,
      'an answer to the last request',
    )
    expect(written).toBeLessThan(8 << 20)
    expect(client.raw.ended).toBe(false)
  })

  test('a client that opens no window is left', async () => {
    await using lab = await startLab((exchange) => answer(exchange, 'hello'), {
      timeouts: { send: 100 },
    })
    using client = await openFrames(lab.url)
    client.send(PREFACE, formatSettings({ 4: 0 }), formatHead(1, requestFields()))
    const outcome = await pollUntil(() => lab.outcomes[0], 'the outcome')
    expect(outcome.error).toMatchObject({ code: 'CLIENT_DISCONNECTED' })
  })

  test('a stream that is not read does not hold up the others', async () => {
    await using lab = await startLab((exchange) => {
      if (exchange.request.path === '/other') nameRequest(exchange)
    })
    using client = await openFrames(lab.url)
    client.send(formatWideStart(), formatHead(1, requestFields('/unread', 'POST'), 0))
    client.send(formatData(1, Buffer.alloc(65_535), false))
    client.send(formatHead(3, requestFields('/other')))
    expect((await client.waitFor(Frame.DATA, 3)).payload.toString()).toBe('GET /other')
  })
})
