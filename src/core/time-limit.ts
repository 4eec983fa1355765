/** A configured time in ms as a limit: 0 becomes Infinity. */
export function toLimit(milliseconds: number): number {
  return milliseconds === 0 ? Infinity : milliseconds
}

/** The longest of some configured times in ms, where 0 means no limit and is the longest. */
export function longestTime(milliseconds: readonly number[]): number {
  return milliseconds.includes(0) ? 0 : Math.max(0, ...milliseconds)
}
