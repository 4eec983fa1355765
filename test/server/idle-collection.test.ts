import { getHeapSpaceStatistics } from 'node:v8'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { collectWhenIdle } from '../../src/server/idle-collection.ts'

test('a process that rests after work gives its memory back', async () => {
  let collected = 0
  await collectWhenIdle({ quiet: 100, interval: 100, onCollected: () => (collected += 1) })
  const kept = makeGarbage()
  expect(countYoungBytes()).toBeGreaterThan(8 * MEGABYTE)
  expect(kept).toHaveLength(1000)
  await waitUntil(() => collected > 0 && countYoungBytes() < 4 * MEGABYTE)
})

const MEGABYTE = 1_048_576

/** Lets some of what is made live for a while, so that V8 makes room for young objects. */
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
