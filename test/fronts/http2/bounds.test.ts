import { expect, test } from 'vitest'

import { FloodGuard } from '../../../src/fronts/http2/flood-guard.ts'
import { RateLimit } from '../../../src/fronts/http2/rate-limit.ts'
import { isCrowded, isFull, WaitingBytes } from '../../../src/fronts/http2/waiting-bytes.ts'
import { pollUntil } from '../../support/raw-client.ts'

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
