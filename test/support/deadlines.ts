/** Longest wait for one thing, in ms: long enough for a busy machine, and short enough that a hang fails with its reason. */
export const DEADLINE = 30_000

/** What a test without a limit of its own may take, in ms: a slow start and a wait that is over its deadline fit in. */
export const TEST_TIMEOUT = 2 * DEADLINE + 5000
