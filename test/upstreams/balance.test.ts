import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AddressClient } from '../../src/upstreams/gateway/address-client.ts'
import { createBalancer } from '../../src/upstreams/gateway/balance.ts'
import { GatewayAddress } from '../../src/upstreams/gateway/gateway-address.ts'
import { createPlainExchange } from '../support/plain-exchange.ts'

const CLIENT: AddressClient = {
  slots: 2,
  send: () => ({ held: false, abort: () => {} }),
  close: () => {},
}
const createAddresses = (names: readonly string[]): GatewayAddress[] =>
  names.map((name) => new GatewayAddress(name, CLIENT))

describe('balance', () => {
  test('least never chooses one that has more requests than another, or no room', () => {
    const counts = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(counts, fc.nat(20), (active, before) => {
        const addresses = createAddresses(active.map(String))
        const choose = createBalancer('least')
        for (let i = 0; i < before; i++) choose(addresses, createPlainExchange())
        for (const [at, count] of active.entries())
          for (let i = 0; i < count; i++) addresses[at]?.begin()
        const least = Math.min(...active)
        expect(choose(addresses, createPlainExchange())?.active).toBe(
          least === 2 ? undefined : least,
        )
      }),
    )
  })

  test('a hash moves only the share of an address that goes', () => {
    const choose = createBalancer({ hash: 'header:x-user' })
    const all = createAddresses(['a:1', 'a:2', 'a:3', 'a:4'])
    const [gone, ...rest] = all
    let moved = 0
    for (let user = 0; user < 400; user++) {
      const exchange = createPlainExchange({ fields: ['X-User', `user ${user}`] })
      const before = choose(all, exchange)
      const after = choose(rest, exchange)
      if (before === gone) moved += 1
      else expect(after).toBe(before)
    }
    expect(moved).toBeGreaterThan(50)
    expect(moved).toBeLessThan(150)
  })
})

test('an address that fails is spared for longer each time, until it answers', () => {
  const [address] = createAddresses(['a'])
  let now = 1000
  const times: number[] = []
  for (let i = 0; i < 8; i++) {
    address?.noteFailure(now)
    // One more at the same time is the same failure.
    address?.noteFailure(now + 1)
    const from = now
    while (address?.isEjected(now) === true) now += 500
    times.push(now - from)
  }
  expect(times).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
  address?.noteSuccess()
  address?.noteFailure(now)
  expect(address?.isEjected(now + 999)).toBe(true)
  expect(address?.isEjected(now + 1000)).toBe(false)
})
