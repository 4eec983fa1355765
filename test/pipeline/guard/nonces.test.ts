import { describe, expect, test } from 'vitest'

import { Nonces } from '../../../src/pipeline/guard/nonces.ts'

const KEY = '00'.repeat(32)

function createClock() {
  const clock = { now: 1_700_000_000_000 }
  return { clock, read: () => clock.now }
}

describe('nonces', () => {
  test('are known in every process with the same key, for their realm', () => {
    const { read } = createClock()
    const nonce = new Nonces(KEY, 'staff', read).create()
    expect(nonce).toMatch(/^[\w-]{43}$/)
    expect(new Nonces(KEY, 'staff', read).examine(nonce)).toBe('valid')
    expect(new Nonces(KEY, 'others', read).examine(nonce)).toBe('unknown')
    expect(new Nonces('01'.repeat(32), 'staff', read).examine(nonce)).toBe('unknown')
  })

  test('that were never made are unknown, whatever is changed in one', () => {
    const nonces = new Nonces(KEY, 'staff')
    const nonce = nonces.create()
    for (let at = 0; at < nonce.length; at += 1) {
      const other = nonce[at] === 'A' ? 'B' : 'A'
      expect(nonces.examine(nonce.slice(0, at) + other + nonce.slice(at + 1))).toBe('unknown')
    }
    for (const forged of ['', 'x', `${nonce}A`, nonce.slice(1), nonce.replace(/.$/, '=')])
      expect(nonces.examine(forged)).toBe('unknown')
  })

  test('are stale after five minutes', () => {
    const { clock, read } = createClock()
    const nonces = new Nonces(KEY, 'staff', read)
    const nonce = nonces.create()
    clock.now += 5 * 60_000
    expect(nonces.examine(nonce)).toBe('valid')
    clock.now += 1
    expect(nonces.examine(nonce)).toBe('stale')
  })
})

describe('counts', () => {
  test('are used once, in any order within a window', () => {
    const nonces = new Nonces(KEY, 'staff')
    const nonce = nonces.create()
    const use = (count: number): boolean => nonces.use(nonce, count.toString(16).padStart(8, '0'))
    expect(use(0)).toBe(false)
    expect([use(1), use(1), use(3), use(2), use(2), use(3)]).toEqual([
      true,
      false,
      true,
      true,
      false,
      false,
    ])
    expect(use(300)).toBe(true)
    // Too far behind to know.
    expect(use(44)).toBe(false)
    expect([use(45), use(45)]).toEqual([true, false])
    expect(use(0xffff_ffff)).toBe(true)
    expect(use(300)).toBe(false)
  })

  test('that are forgotten make their nonces stale', () => {
    const { clock, read } = createClock()
    const nonces = new Nonces(KEY, 'staff', read)
    const first = nonces.create()
    expect(nonces.use(first, '00000001')).toBe(true)
    clock.now += 1
    const others = Array.from({ length: 10_000 }, () => nonces.create())
    for (const nonce of others) nonces.use(nonce, '00000001')
    expect(nonces.examine(first)).toBe('stale')
    expect(nonces.examine(others[0] ?? '')).toBe('valid')
  })
})
