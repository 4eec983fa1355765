import { getHeapSpaceStatistics } from 'node:v8'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { collectWhenIdle } from '../../src/server/idle-collection.ts'

test('a process releases the memory of a burst when it is idle', async () => {
  let collected = 0
  let exchanges = 0
  await collectWhenIdle({
    quiet: 100,
    // Not idle at each check, for a while.
    countExchanges: () => (exchanges < 10 ? ++exchanges : exchanges),
    onCollected: () => (collected = exchanges),
  })
  const kept = makeGarbage()
  expect(countYoungBytes()).toBeGreaterThan(8 * MEGABYTE)
  expect(kept).toHaveLength(1000)
  await waitUntil(() => collected > 0 && countYoungBytes() < 4 * MEGABYTE)
  expect(collected).toBe(10)
})

const MEGABYTE = 1_048_576

/** Keeps some objects for a while, so that V8 enlarges the space for young objects. */
function makeGarbage(): unknown[] {
  const kept: unknown[] = []
  for (let count = 0; count < 3_000_000; count += 1)
    kept[count % 20_000] = { count, list: [count], text: `text ${count}` }
  return kept.slice(0, 1000)
}

function countYoungBytes(): number {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
  return young?.physical_space_size ?? 0
}

async function waitUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(50)
}
