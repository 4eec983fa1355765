/** Longest wait in ms: long enough for a busy machine, and short enough that a hang fails with its reason. */
export const DEADLINE = 30_000

/** Timeout of a test in ms, with room for a slow start and a wait that reaches its deadline. */
export const TEST_TIMEOUT = 2 * DEADLINE + 5000
