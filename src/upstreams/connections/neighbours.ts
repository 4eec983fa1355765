/** Has connections to an address. */
export interface Neighbour {
  /** How many of its new connections may wait to be accepted. */
  countStarving(now: number): number
}

// Routes with different settings have clients of their own for the same server.
const byAddress = new Map<string, Set<Neighbour>>()

/** Notes that somebody has connections to an address. */
export function joinNeighbours(url: string, neighbour: Neighbour): void {
  const others = byAddress.get(url) ?? new Set()
  byAddress.set(url, others.add(neighbour))
}

/** Forgets it. */
export function leaveNeighbours(url: string, neighbour: Neighbour): void {
  const others = byAddress.get(url)
  others?.delete(neighbour)
  if (others?.size === 0) byAddress.delete(url)
}

/** How many new connections of this process to an address may wait for a kept one to be closed. */
export function countStarving(url: string, now: number): number {
  let count = 0
  for (const neighbour of byAddress.get(url) ?? []) count += neighbour.countStarving(now)
  return count
}
