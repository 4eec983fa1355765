import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

import { Failures } from '../../../src/backends/link/failures.ts'
import { SpentTimes } from '../../../src/backends/link/spent-times.ts'
import { HeldResponses } from '../../../src/backends/link/held-responses.ts'
import { StreamLink } from '../../../src/backends/link/stream-link.ts'
import { ThreadLink } from '../../../src/backends/link/thread-link.ts'
import { TaipanError } from '../../../src/core/errors.ts'
import type { RequestBody } from '../../../src/core/exchange.ts'
import { encodeFrame, FrameFlag, FrameType } from '../../../src/wire/frames.ts'
import {
  bytesOf,
  createPendingRequest,
  FakeCarrier,
  FakeThread,
  HEAD_PAYLOAD,
  turn,
} from '../../support/fake-links.ts'
import { createPlainExchange, type PlainExchange } from '../../support/plain-exchange.ts'

const { DATA, HEAD, FREE, ABORT, PULL, FILE, OPENED, BODY, BROKEN, REQUEST } = FrameType

/** A link with one request. */
interface Lab {
  readonly exchange: PlainExchange
  readonly far: FakeThread | FakeCarrier
  /** A frame for the request. */
  readonly frame: (type: number, flags?: number, payload?: Uint8Array) => Buffer
  readonly head: () => Buffer
  /** Errors of the link, and how often it was freed. */
  readonly seen: { lost: (Error | undefined)[]; free: number }
}

async function openThread(exchange: PlainExchange): Promise<Lab> {
  const far = new FakeThread()
  const seen: Lab['seen'] = { lost: [], free: 0 }
  const link = new ThreadLink(0, far, {
    pid: process.pid,
    label: 'web/1',
    failures: new Failures(),
    times: new SpentTimes(),
    requestBuffer: 0,
    held: new HeldResponses({ response: 0, responseTotal: 0 }),
    onFree: () => (seen.free += 1),
    onLost: (_link, error) => seen.lost.push(error),
    underPressure: () => false,
  })
  link.serve(createPendingRequest(exchange))
  await turn()
  const serial = far.sent.of(REQUEST)[0]?.tag ?? -1
  return {
    exchange,
    far,
    seen,
    frame: (type, flags = 0, payload) => encodeFrame(type, flags, payload, serial),
    head: () => encodeFrame(HEAD, 0, HEAD_PAYLOAD, 200),
  }
}

async function openStream(exchange: PlainExchange): Promise<Lab> {
  const far = new FakeCarrier()
  const seen: Lab['seen'] = { lost: [], free: 0 }
  const link = new StreamLink(far, {
    pid: process.pid,
    label: 'web/1',
    failures: new Failures(),
    times: new SpentTimes(),
    requestBuffer: 0,
    cancelOnDisconnect: false,
    onOverdue: () => {},
    isAsgi: () => true,
    onFree: () => (seen.free += 1),
    onLost: (error) => seen.lost.push(error),
  })
  link.serve(createPendingRequest(exchange))
  await turn()
  const stream = far.sent.of(REQUEST)[0]?.tag ?? -1
  const head = Buffer.concat([Buffer.from([200, 0]), HEAD_PAYLOAD])
  return {
    exchange,
    far,
    seen,
    frame: (type, flags = 0, payload) => encodeFrame(type, flags, payload, stream),
    head: () => encodeFrame(HEAD, 0, head, stream),
  }
}

/** A body whose pieces arrive when the test adds them. */
class PiecedBody implements RequestBody {
  length: number | undefined
  complete = false
  error: Error | undefined
  readonly expectsContinue = false
  onProgress: (() => void) | undefined
  readonly requested: number[] = []
  #pieces = Buffer.alloc(0)

  get buffered(): number {
    return this.#pieces.length
  }

  request(bytes: number): void {
    this.requested.push(bytes)
  }

  take(limit = Infinity): Uint8Array | undefined {
    if (this.#pieces.length === 0) return undefined
    const piece = this.#pieces.subarray(0, limit)
    this.#pieces = this.#pieces.subarray(piece.length)
    return piece
  }

  arrive(text: string, complete = false): void {
    this.#pieces = Buffer.concat([this.#pieces, Buffer.from(text)])
    this.complete = complete
    this.onProgress?.()
  }

  fail(error: Error): void {
    this.error = error
    this.onProgress?.()
  }
}

function withBody(body: PiecedBody): PlainExchange {
  return Object.assign(createPlainExchange(), { body })
}

describe.each([
  ['a thread', openThread],
  ['a stream of an event loop', openStream],
] as const)('the response of %s', (_name, open) => {
  test('begins with its first piece, and continues', async () => {
    const { exchange, far, frame, head, seen } = await open(createPlainExchange())
    await far.deliver(head(), frame(DATA, 0, Buffer.from('one ')))
    expect([exchange.answer.head?.status, String(exchange.answer.body)]).toEqual([200, 'one '])
    await far.deliver(frame(DATA, FrameFlag.DATA_LAST, Buffer.from('two')))
    expect(await exchange.over).toEqual({ status: 200, bytes: 7, error: undefined })
    expect(seen.free).toBe(0)
    await far.deliver(frame(FREE))
    expect([seen.free, seen.lost]).toEqual([1, []])
  })

  test('begins although no piece comes with its head', async () => {
    const { exchange, far, head } = await open(createPlainExchange())
    await far.deliver(head())
    expect(exchange.answer.head?.status).toBe(200)
    expect(exchange.answer.outcome).toBeUndefined()
  })

  test('frees the worker before it is sent', async () => {
    const { exchange, far, frame, head, seen } = await open(createPlainExchange())
    let freeWhenOver = -1
    exchange.onFinish(() => (freeWhenOver = seen.free))
    await far.deliver(head(), frame(DATA, FrameFlag.DATA_LAST | FrameFlag.FREE))
    expect(freeWhenOver).toBe(1)
  })

  test('is 500 when the worker aborts before the head, and is aborted after it', async () => {
    const early = await open(createPlainExchange())
    await early.far.deliver(early.frame(ABORT, FrameFlag.FREE, Buffer.from('x')))
    expect((await early.exchange.over).status).toBe(500)
    expect(early.seen.free).toBe(1)
    const late = await open(createPlainExchange())
    await late.far.deliver(late.head())
    await late.far.deliver(late.frame(ABORT, FrameFlag.FREE, Buffer.from('x')))
    const { error } = await late.exchange.over
    expect(error instanceof TaipanError && error.code).toBe('APPLICATION_FAILED')
  })

  test('is 502 when the process of the request has ended', async () => {
    const { exchange, far, frame, seen } = await open(createPlainExchange())
    const flags = FrameFlag.ABORT_DIED | FrameFlag.FREE
    await far.deliver(frame(ABORT, flags, Buffer.from('x')))
    expect([(await exchange.over).status, seen.free]).toEqual([502, 1])
  })

  test('is 500 when the worker finishes without an answer', async () => {
    const { exchange, far, frame, seen } = await open(createPlainExchange())
    await far.deliver(frame(FREE))
    expect([(await exchange.over).status, seen.free]).toEqual([500, 1])
  })

  test.each([
    ['two heads', ({ head }: Lab) => [head(), head()], 'a second head'],
    ['data before a head', ({ frame }: Lab) => [frame(DATA, 0, Buffer.from('x'))], 'before HEAD'],
    ['an unknown frame', ({ frame }: Lab) => [frame(99)], 'unknown frame type 99'],
  ])('%s are an error of the worker', async (_what, frames, message) => {
    const lab = await open(createPlainExchange())
    await lab.far.deliver(...frames(lab))
    expect(lab.seen.lost.map((error) => error?.message)).toEqual([expect.stringContaining(message)])
    expect(lab.far.destroyed).toBe(true)
  })

  test('is dropped when the client has disconnected, and the worker is told once', async () => {
    const { exchange, far, frame, head, seen } = await open(createPlainExchange())
    await far.deliver(head(), frame(DATA, 0, Buffer.from('one ')))
    exchange.leave()
    await turn()
    await far.deliver(frame(PULL, 0, bytesOf(10)), frame(DATA, 0, Buffer.from('two')))
    expect(far.sent.of(BROKEN).map(({ payload }) => String(payload))).toEqual([
      'the client has disconnected',
    ])
    await far.deliver(frame(DATA, FrameFlag.DATA_LAST | FrameFlag.FREE))
    expect([seen.free, seen.lost, String(exchange.answer.body)]).toEqual([1, [], 'one '])
  })

  test('sends the body as the worker asks for it', async () => {
    const body = new PiecedBody()
    const { far, frame } = await open(withBody(body))
    body.arrive('abcdef')
    await turn()
    expect(far.sent.of(BODY)).toEqual([])
    await far.deliver(frame(PULL, 0, bytesOf(4)))
    await far.deliver(frame(PULL, 0, bytesOf(4)))
    body.arrive('ghijkl', true)
    await turn()
    const sent = (): string[] => far.sent.of(BODY).map(({ payload }) => String(payload))
    expect(sent()).toEqual(['abcd', 'ef', 'gh'])
    await far.deliver(frame(PULL, 0, bytesOf(100)))
    expect(sent()).toEqual(['abcd', 'ef', 'gh', 'ijkl'])
    expect(far.sent.of(BODY).map(({ flags }) => flags)).toEqual([0, 0, 0, FrameFlag.BODY_LAST])
  })

  test('tells the worker why the body is incomplete', async () => {
    const body = new PiecedBody()
    const { far, frame } = await open(withBody(body))
    await far.deliver(frame(PULL, 0, bytesOf(4)))
    body.fail(new Error('too slow'))
    await turn()
    expect(far.sent.of(BROKEN).map(({ payload }) => String(payload))).toEqual(['too slow'])
  })

  // Another process opens descriptors in /proc.
  test.runIf(process.platform === 'linux')('is a file that the worker has opened', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'taipan-relay-'))
    writeFileSync(join(folder, 'a'), '0123456789')
    const descriptor = openSync(join(folder, 'a'), 'r')
    try {
      const { exchange, far, frame, head } = await open(createPlainExchange())
      const offer = Buffer.alloc(20)
      offer.writeUInt32LE(descriptor)
      offer.writeBigUInt64LE(2n, 4)
      offer.writeBigUInt64LE(5n, 12)
      await far.deliver(head(), frame(FILE, 0, offer))
      expect((await exchange.over).status).toBe(200)
      await turn()
      expect(String(exchange.answer.body)).toBe('23456')
      expect(far.sent.of(OPENED).map(({ flags }) => flags)).toEqual([FrameFlag.OPENED_OK])
    } finally {
      closeSync(descriptor)
      rmSync(folder, { recursive: true })
    }
  })

  test('is sent by the worker when its file cannot be opened', async () => {
    const { exchange, far, frame, head } = await open(createPlainExchange())
    const offer = Buffer.alloc(20)
    offer.writeUInt32LE(999_999)
    await far.deliver(head(), frame(FILE, 0, offer))
    await expect.poll(() => far.sent.of(OPENED).map(({ flags }) => flags)).toEqual([0])
    await far.deliver(frame(DATA, FrameFlag.DATA_LAST | FrameFlag.FREE, Buffer.from('itself')))
    expect(String(exchange.answer.body)).toBe('itself')
  })
})
