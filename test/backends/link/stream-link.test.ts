import { expect, test } from 'vitest'

import { Failures } from '../../../src/backends/link/failures.ts'
import { SpentTimes } from '../../../src/backends/link/spent-times.ts'
import { StreamLink, type StreamLinkContext } from '../../../src/backends/link/stream-link.ts'
import { encodeFrame, FrameFlag, FrameType } from '../../../src/wire/frames.ts'
import {
  createPendingRequest,
  FakeCarrier,
  HEAD_PAYLOAD,
  streamAnswer,
  turn,
} from '../../support/fake-links.ts'

const HEAD_OF_STREAM = Buffer.concat([Buffer.from([200, 0]), HEAD_PAYLOAD])

function openLink(changes: Partial<StreamLinkContext> = {}) {
  const carrier = new FakeCarrier()
  const link: StreamLink = new StreamLink(carrier, {
    pid: 1,
    label: 'web/1',
    failures: new Failures(),
    times: new SpentTimes(),
    requestBuffer: 1000,
    cancelOnDisconnect: false,
    onOverdue: () => {},
    isAsgi: () => true,
    onFree: () => {},
    onLost: () => {},
    ...changes,
  })
  const numbers = (): number[] => carrier.sent.of(FrameType.REQUEST).map(({ tag }) => tag)
  return { carrier, link, numbers }
}

test('sends the requests of a turn in one write, and reuses numbers', async () => {
  const { carrier, link, numbers } = openLink()
  const requests = [createPendingRequest(), createPendingRequest(), createPendingRequest()] as const
  for (const request of requests) link.serve(request)
  await turn()
  expect([numbers(), carrier.writes, link.active]).toEqual([[1, 2, 3], 1, 3])
  await carrier.deliver(streamAnswer(2, 'two'), streamAnswer(1, 'one'))
  expect(requests.map(({ exchange }) => String(exchange.answer.body))).toEqual(['one', 'two', ''])
  link.serve(createPendingRequest())
  await turn()
  expect([numbers().at(-1), link.active]).toEqual([1, 2])
})

test('drops frames of streams that have ended', async () => {
  const { carrier, link } = openLink()
  const request = createPendingRequest()
  link.serve(request)
  await carrier.deliver(streamAnswer(1, 'one'))
  await carrier.deliver(streamAnswer(1, 'again'), encodeFrame(FrameType.FREE, 0, undefined, 7))
  expect([String(request.exchange.answer.body), link.active]).toEqual(['one', 0])
})

test('grants accepted bytes in large steps, and none for bytes that wait', async () => {
  const { carrier, link } = openLink()
  const { exchange } = createPendingRequest()
  link.serve(createPendingRequest(exchange))
  const piece = encodeFrame(FrameType.DATA, 0, Buffer.alloc(100_000), 1)
  const granted = (): number[] =>
    carrier.sent.of(FrameType.WINDOW).map(({ payload }) => payload.readUInt32LE(0))
  await carrier.deliver(encodeFrame(FrameType.HEAD, 0, HEAD_OF_STREAM, 1), piece)
  expect(granted()).toEqual([])
  await carrier.deliver(piece)
  expect(granted()).toEqual([200_000])
  exchange.slow = true
  await carrier.deliver(piece, piece)
  expect(granted()).toEqual([200_000])
  exchange.drain()
  await turn()
  expect(granted()).toEqual([200_000, 200_000])
})

test('a body waits while the carrier is full, and then continues', async () => {
  const { carrier, link } = openLink()
  const { exchange } = createPendingRequest()
  const pieces = ['a', 'b', 'c'].map((letter) => Buffer.from(letter.repeat(70_000)))
  Object.assign(exchange.body, {
    complete: false,
    take: () => pieces.shift(),
  })
  link.serve(createPendingRequest(exchange))
  await turn()
  carrier.flows = false
  const all = Buffer.alloc(4)
  all.writeUInt32LE(1_000_000)
  await carrier.deliver(encodeFrame(FrameType.PULL, 0, all, 1))
  expect(carrier.sent.of(FrameType.BODY).length).toBe(1)
  carrier.flows = true
  carrier.onDrain?.()
  expect(carrier.sent.of(FrameType.BODY).length).toBe(3)
})

test('a request that takes too long is answered, and its application is cancelled once', async () => {
  const { carrier, link } = openLink()
  const request = createPendingRequest()
  link.serve(request)
  const now = performance.now()
  expect(link.expire(now, 60_000, now)).toBeUndefined()
  expect(request.exchange.answer.head).toBeUndefined()
  expect(link.expire(now + 70_000, 60_000, now)).toBeUndefined()
  expect(request.exchange.answer.head?.status).toBe(504)
  await turn()
  const broken = carrier.sent.of(FrameType.BROKEN)
  expect(broken.map(({ flags }) => flags)).toEqual([FrameFlag.BROKEN_CANCEL])
  expect(link.expire(now + 80_000, 60_000, now + 75_000)).toMatchObject({ id: 'request-1' })
})

test.each([
  ['what was not sent', undefined, [false, true]],
  ['what a failed write held', 'EPIPE', [true, true]],
  ['the last one, which the kernel says was left unread', 'ECONNRESET', [true, true]],
] as const)('takes back %s', async (_what, code, taken) => {
  const { carrier, link } = openLink()
  const requests = [createPendingRequest(), createPendingRequest()] as const
  link.serve(requests[0])
  await turn()
  link.serve(requests[1])
  const error = code === undefined ? undefined : Object.assign(new Error(code), { code })
  const back = link.takeBack(error)
  expect(requests.map((request) => back.includes(request))).toEqual(taken)
  link.giveUpAll('WORKER_DIED')
  expect(requests.map(({ exchange }) => exchange.answer.head?.status)).toEqual(
    taken.map((isTaken) => (isTaken ? undefined : 502)),
  )
  expect(carrier.sent.of(FrameType.REQUEST).length).toBe(1)
})

test('an application learns of a half-close, and may still answer', async () => {
  const { carrier, link } = openLink()
  const { exchange } = createPendingRequest()
  link.serve(createPendingRequest(exchange))
  await turn()
  Object.assign(exchange, { clientEnded: true })
  exchange.onClientEnd?.()
  await carrier.deliver(streamAnswer(1, 'still answered'))
  expect(carrier.sent.of(FrameType.BROKEN).map(({ flags }) => flags)).toEqual([
    FrameFlag.BROKEN_HALF,
  ])
  expect(String(exchange.answer.body)).toBe('still answered')
})
