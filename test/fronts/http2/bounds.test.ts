import { expect, test } from 'vitest'

import type { Exchange } from '../../../src/core/exchange.ts'
import { FloodGuard } from '../../../src/fronts/http2/flood-guard.ts'
import { FrameWatch } from '../../../src/fronts/http2/frame-watch.ts'
import { RateLimit } from '../../../src/fronts/http2/rate-limit.ts'
import { isCrowded, isFull, WaitingBytes } from '../../../src/fronts/http2/waiting-bytes.ts'
import {
  formatFrame,
  formatHead,
  formatWideStart,
  Frame,
  requestFields,
} from '../../support/http2-frames.ts'
import { pollUntil, sleep } from '../../support/raw-client.ts'
import { answer, startLab } from '../support/front-lab.ts'
import { Code, openFrames } from './support.ts'

function createConnection(bytes: number): { bytes: number; given: number; giveUp(): void } {
  return {
    bytes,
    given: 0,
    giveUp() {
      this.given += 1
    },
  }
}

test('beyond the bytes of all connections, the one in which the most waits is given up', () => {
  const waiting = new WaitingBytes(1000)
  const [small, large] = [createConnection(0), createConnection(0)]
  const add = (connection: typeof small, bytes: number): void => {
    connection.bytes += bytes
    waiting.add(bytes)
  }
  waiting.open(small)
  waiting.open(large)
  add(large, 700)
  add(small, 300)
  expect([small.given, large.given]).toEqual([0, 0])
  add(small, 1)
  expect([small.given, large.given]).toEqual([0, 1])
  waiting.close(large)
  add(small, 600)
  expect(small.given).toBe(0)
  add(small, 100)
  expect(small.given).toBe(1)
  waiting.close(small)
  waiting.close(small)
  const other = createConnection(0)
  waiting.open(other)
  add(other, 1000)
  expect(other.given).toBe(0)
})

test('streams of a connection are held back before new ones are refused', () => {
  expect([isCrowded(1 << 20), isFull(1 << 20)]).toEqual([true, false])
  expect([isCrowded((1 << 20) - 1), isFull(4 << 20)]).toEqual([false, true])
})

test('what happens too often is told of, and time makes good', async () => {
  const limit = new RateLimit({ burst: 2, perSecond: 1000 })
  expect([limit.take(), limit.take()]).toEqual([true, true])
  await pollUntil(() => limit.take() || undefined, 'another one')
  const never = new RateLimit({ burst: 2, perSecond: 0 })
  expect([1, 2, 3, 4].map(() => never.take())).toEqual([true, true, false, false])
})

test('nuisances are counted apart', () => {
  const guard = new FloodGuard()
  for (let i = 0; i < 50; i += 1) expect(guard.note('settings')).toBeUndefined()
  expect(guard.note('settings')).toContain('settings')
  expect(guard.note('ping')).toBeUndefined()
})

test('streams over an acknowledged limit are refused, and the connection lives', async () => {
  await using lab = await startLab(() => {})
  using client = await openFrames(lab.url)
  client.send(formatWideStart())
  const { payload } = await client.waitFor(Frame.SETTINGS)
  expect(readSetting(payload, 3)).toBe(100)
  client.send(formatFrame(Frame.SETTINGS, 1, 0))
  for (let i = 0; i < 101; i += 1) client.send(formatHead(2 * i + 1, requestFields()))
  expect(await client.waitForReset(201)).toBe(Code.REFUSED_STREAM)
  expect(lab.exchanges.length).toBe(100)
  expect([client.goaways, client.raw.ended]).toEqual([[], false])
})

test('a head that does not end in time ends the connection, though others are served', async () => {
  await using lab = await startLab(() => {}, { timeouts: { header: 100 } })
  using client = await openFrames(lab.url)
  client.send(formatWideStart(), formatHead(1, requestFields()))
  await pollUntil(() => lab.exchanges[0], 'the request')
  client.send(formatFrame(Frame.HEADERS, 1, 3, Buffer.from([0x82, 0x86])))
  await client.raw.waitForEnd()
  expect(lab.exchanges.length).toBe(1)
})

test('a head gets no more time by streams that end meanwhile', async () => {
  const held: Exchange[] = []
  await using lab = await startLab((exchange) => held.push(exchange), { timeouts: { header: 100 } })
  using client = await openFrames(lab.url)
  client.send(formatWideStart())
  for (let id = 1; id < 200; id += 2) client.send(formatHead(id, requestFields()))
  await pollUntil(() => held.length === 100 || undefined, 'the requests')
  client.send(formatFrame(Frame.HEADERS, 1, 201, Buffer.from([0x82, 0x86])))
  while (!client.raw.ended && held.length > 0) {
    const exchange = held.pop()
    if (exchange !== undefined) answer(exchange, 'one more')
    await sleep(40)
  }
  expect(held.length).toBeGreaterThan(0)
  expect(client.raw.ended).toBe(true)
})

test('frames are told apart wherever they are cut', () => {
  const types: number[] = []
  const bytes = Buffer.concat([
    formatWideStart(),
    formatFrame(Frame.HEADERS, 1, 1, 'abc'),
    formatFrame(Frame.CONTINUATION, 4, 1, 'd'),
    formatFrame(Frame.PING, 0, 0, Buffer.alloc(8)),
  ])
  for (const size of [1, 2, 7, 9, 10, bytes.length]) {
    types.length = 0
    const watch = new FrameWatch((type) => types.push(type))
    for (let at = 0; at < bytes.length; at += size) watch.read(bytes.subarray(at, at + size))
    expect(types).toEqual([4, 8, 1, 9, 6])
    expect(watch.withinFields).toBe(false)
  }
  const partial = new FrameWatch(() => {})
  partial.read(Buffer.concat([formatWideStart(), formatFrame(Frame.HEADERS, 1, 1, 'abc')]))
  expect(partial.withinFields).toBe(true)
})

function readSetting(payload: Buffer, id: number): number | undefined {
  for (let at = 0; at + 6 <= payload.length; at += 6)
    if (payload.readUInt16BE(at) === id) return payload.readUInt32BE(at + 2)
  return undefined
}
