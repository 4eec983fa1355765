/** The limit that a configured time in ms sets: 0 stands for none. */
export function toLimit(milliseconds: number): number {
  return milliseconds === 0 ? Infinity : milliseconds
}

/** The configured time in ms that leaves the most: 0 stands for no limit. */
export function longestTime(milliseconds: readonly number[]): number {
  return milliseconds.includes(0) ? 0 : Math.max(0, ...milliseconds)
}
