import { expect, test } from 'vitest'

import type { RequestBody } from '../../src/core/exchange.ts'
import { KeptBody } from '../../src/pipeline/kept-body.ts'

/** A body of which pieces arrive one by one. */
class Pieces implements RequestBody {
  readonly length = 9
  error: Error | undefined
  readonly expectsContinue = true
  onProgress: (() => void) | undefined
  readonly requested: number[] = []
  #pieces: Buffer[] = []
  complete = false

  get buffered(): number {
    return this.#pieces.reduce((sum, { length }) => sum + length, 0)
  }

  arrive(text: string): void {
    this.#pieces.push(Buffer.from(text))
    this.onProgress?.()
  }

  request(bytes: number): void {
    this.requested.push(bytes)
  }

  take(limit = Infinity): Uint8Array | undefined {
    const all = Buffer.concat(this.#pieces)
    if (all.length === 0) return undefined
    const rest = all.subarray(limit)
    this.#pieces = rest.length === 0 ? [] : [rest]
    return all.subarray(0, limit)
  }
}

/** The text that can be taken, in pieces of at most `limit` bytes. */
function takeAll(body: RequestBody, limit?: number): string[] {
  const texts: string[] = []
  for (let piece = body.take(limit); piece !== undefined; piece = body.take(limit))
    texts.push(Buffer.from(piece).toString())
  return texts
}

test('what was read is read again, and then the rest', () => {
  const source = new Pieces()
  const kept = new KeptBody(source, 6)
  source.arrive('abc')
  expect(takeAll(kept)).toEqual(['abc'])
  source.arrive('def')
  expect(takeAll(kept, 2)).toEqual(['de', 'f'])
  const again = kept.rewind()
  source.arrive('ghi')
  expect(again?.buffered).toBe(9)
  expect(again && takeAll(again, 2)).toEqual(['ab', 'c', 'de', 'f', 'gh', 'i'])
})

test('a body that nobody has read is itself', () => {
  const source = new Pieces()
  const kept = new KeptBody(source, 6)
  kept.onProgress = () => {}
  expect(kept.rewind()).toBe(source)
  expect(source.onProgress).toBeUndefined()
})

test('more than the limit is not kept, nor anything after a release', () => {
  const source = new Pieces()
  const kept = new KeptBody(source, 5)
  source.arrive('abcdef')
  expect(takeAll(kept)).toEqual(['abcdef'])
  expect(kept.rewind()).toBeUndefined()
  const released = new KeptBody(source, 5)
  released.release()
  source.arrive('a')
  expect(takeAll(released)).toEqual(['a'])
  expect(released.rewind()).toBeUndefined()
})

test('both tell of the body behind them', () => {
  const source = new Pieces()
  const kept = new KeptBody(source, 9)
  source.arrive('abcd')
  kept.take(3)
  const again = kept.rewind()
  if (again === undefined) throw new Error('it was not kept')
  let progress = 0
  for (const body of [kept, again]) {
    body.onProgress = () => (progress += 1)
    source.arrive('x')
    expect(body.onProgress).toBe(source.onProgress)
    expect([body.length, body.complete, body.error, body.expectsContinue]).toEqual([
      9,
      false,
      undefined,
      true,
    ])
  }
  expect(progress).toBe(2)
  source.complete = true
  source.error = new Error('gone')
  for (const body of [kept, again])
    expect([body.complete, body.error?.message]).toEqual([true, 'gone'])
  expect([kept.buffered, again.buffered]).toEqual([3, 6])
  kept.request(4)
  again.request(4)
  again.request(2)
  expect(source.requested).toEqual([4, 1, 0])
})
