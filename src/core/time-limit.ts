/** A configured time in ms, 0 for no limit, and the flag, variable or key that messages call it by. */
export interface NamedLimit {
  readonly ms: number
  readonly name: string
}

/** A configured time in ms as a limit: 0 becomes Infinity. */
export function toLimit(milliseconds: number): number {
  return milliseconds === 0 ? Infinity : milliseconds
}

/** The longest of some configured times in ms, where 0 means no limit and is the longest. */
export function longestTime(milliseconds: readonly number[]): number {
  return milliseconds.includes(0) ? 0 : Math.max(0, ...milliseconds)
}

/** The longest of some limits; none are no limit. */
export function longestLimit(limits: readonly NamedLimit[]): NamedLimit {
  const ms = longestTime(limits.map((limit) => limit.ms))
  return limits.find((limit) => limit.ms === ms) ?? { ms, name: '' }
}
