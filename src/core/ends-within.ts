/** Node's timers take 31 bits; a longer one would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Whether a promise resolves within `ms`, which may be Infinity. Keeps the event loop alive while it waits. */
export async function endsWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<boolean>((resolve) => {
    timer =
      ms === Infinity
        ? setInterval(() => {}, LONGEST_TIMER_MS)
        : setTimeout(() => resolve(false), Math.min(ms, LONGEST_TIMER_MS))
  })
  try {
    return await Promise.race([promise.then(() => true), timeout])
  } finally {
    clearTimeout(timer)
  }
}
