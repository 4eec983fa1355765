import { expect } from 'vitest'

/** The value once it has stopped growing. */
export async function settle(read: () => number): Promise<number> {
  let last = -1
  await expect
    .poll(
      () => {
        const same = read() === last
        last = read()
        return same
      },
      { interval: 200 },
    )
    .toBe(true)
  return last
}
