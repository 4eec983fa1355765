import { expect, test } from 'vitest'

import { Failures } from '../../../src/backends/link/failures.ts'
import { SpentTimes } from '../../../src/backends/link/spent-times.ts'
import { HeldResponses } from '../../../src/backends/link/held-responses.ts'
import { ThreadLink, type ThreadLinkContext } from '../../../src/backends/link/thread-link.ts'
import { encodeFrame, FrameType } from '../../../src/wire/frames.ts'
import {
  createPendingRequest,
  FakeThread,
  HEAD_PAYLOAD,
  threadAnswer,
  turn,
  type PlainPendingRequest,
} from '../../support/fake-links.ts'

function openLink(changes: Partial<ThreadLinkContext> = {}) {
  const socket = new FakeThread()
  const free: number[] = []
  const link: ThreadLink = new ThreadLink(0, socket, {
    pid: 1,
    label: 'web/1',
    failures: new Failures(),
    times: new SpentTimes(),
    requestBuffer: 1000,
    held: new HeldResponses({ response: 1000, responseTotal: 1000 }),
    onFree: (_link, application) => free.push(application),
    onLost: () => {},
    underPressure: () => false,
    ...changes,
  })
  const serials = (): number[] => socket.sent.of(FrameType.REQUEST).map(({ tag }) => tag)
  return { socket, link, free, serials }
}

function statusOf({ exchange }: PlainPendingRequest): number | undefined {
  return exchange.answer.head?.status
}

test('sends pipelined requests in one write at the end of the turn, and answers in order', async () => {
  const { socket, link, free, serials } = openLink()
  const requests = [createPendingRequest(), createPendingRequest(), createPendingRequest()] as const
  link.serve(requests[0])
  link.pipeline(requests[1])
  link.pipeline(requests[2])
  expect([serials().length, link.pipelined]).toEqual([1, 2])
  await turn()
  expect([serials().length, new Set(serials()).size]).toEqual([3, 3])
  await socket.deliver(...threadAnswer('one'), ...threadAnswer('two'))
  expect(requests.map(({ exchange }) => String(exchange.answer.body))).toEqual(['one', 'two', ''])
  expect([free.length, link.busy, link.pipelined]).toEqual([2, true, 0])
  await socket.deliver(...threadAnswer('three', 7))
  expect([link.busy, link.took, String(requests[2].exchange.answer.body)]).toEqual([
    false,
    7,
    'three',
  ])
})

test('defers frames while it is unknown what the thread has begun', async () => {
  const { socket, link, serials } = openLink()
  const requests = [createPendingRequest(), createPendingRequest(), createPendingRequest()] as const
  link.serve(requests[0])
  link.pipeline(requests[1])
  link.pipeline(requests[2])
  await turn()
  link.startRecall()
  await socket.deliver(...threadAnswer('one'))
  expect(statusOf(requests[0])).toBeUndefined()
  expect(link.takeRecalled(serials().slice(2))).toEqual([requests[2]])
  expect(requests.map(statusOf)).toEqual([200, undefined, undefined])
  await socket.deliver(...threadAnswer('two'))
  expect([requests.map(statusOf), link.busy]).toEqual([[200, 200, undefined], false])
})

test('returns the present request, too, if the thread has not begun it', async () => {
  const { link, free, serials } = openLink()
  const requests = [createPendingRequest(), createPendingRequest()] as const
  link.serve(requests[0])
  link.pipeline(requests[1])
  await turn()
  link.startRecall()
  expect(link.takeRecalled(serials())).toEqual(requests)
  expect([link.busy, free, link.took]).toEqual([false, [0], undefined])
})

test('takes back the requests after the present one when the thread has ended', async () => {
  let taken: unknown
  const { socket, link } = openLink({
    onLost: (lost, error) => {
      taken = lost.takeBack(error)
      lost.giveUpAll('WORKER_DIED')
    },
  })
  const requests = [createPendingRequest(), createPendingRequest(), createPendingRequest()] as const
  link.serve(requests[0])
  link.pipeline(requests[1])
  link.pipeline(requests[2])
  await turn()
  socket.destroy()
  await turn()
  expect(taken).toEqual([requests[1], requests[2]])
  expect(requests.map(statusOf)).toEqual([502, undefined, undefined])
})

test('stops reading for a slow client, and continues when it has caught up', async () => {
  const { socket, link, serials } = openLink()
  const request = createPendingRequest()
  link.serve(request)
  request.exchange.slow = true
  const piece = encodeFrame(FrameType.DATA, 0, Buffer.from('piece '), serials()[0])
  await socket.deliver(encodeFrame(FrameType.HEAD, 0, HEAD_PAYLOAD, 200), piece)
  expect([link.paused, socket.isPaused()]).toEqual([true, true])
  await socket.deliver(piece)
  expect(String(request.exchange.answer.body)).toBe('piece ')
  request.exchange.drain()
  await turn()
  expect([link.paused, String(request.exchange.answer.body)]).toEqual([false, 'piece piece '])
})

test('reads for a slow client while others need the thread and memory allows', async () => {
  const { socket, link } = openLink({ underPressure: () => true })
  const request = createPendingRequest()
  link.serve(request)
  request.exchange.slow = true
  const piece = encodeFrame(FrameType.DATA, 0, Buffer.from('piece '))
  await socket.deliver(encodeFrame(FrameType.HEAD, 0, HEAD_PAYLOAD, 200), piece)
  expect(link.paused).toBe(false)
})

test('interrupts: the client is answered, and later frames are dropped', async () => {
  const { socket, link, free } = openLink()
  const request = createPendingRequest()
  link.serve(request)
  await turn()
  link.interrupt('APPLICATION_TIMEOUT')
  expect([statusOf(request), socket.sent.of(FrameType.BROKEN).length]).toEqual([504, 1])
  expect([link.busy, link.interruptedAt > 0]).toEqual([true, true])
  await socket.deliver(...threadAnswer('late'))
  expect([String(request.exchange.answer.body), link.busy, free]).toEqual([
    'Gateway Timeout\n',
    false,
    [0],
  ])
})

test('an idle thread must not send frames', async () => {
  const lost: (Error | undefined)[] = []
  const { socket } = openLink({ onLost: (_link, error) => lost.push(error) })
  await socket.deliver(encodeFrame(FrameType.FREE))
  expect(lost.map((error) => error?.message)).toEqual(['an idle thread sent frame type 20'])
})
