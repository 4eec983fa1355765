import { readFileSync } from 'node:fs'

/** Descriptors that a test process needs for other things than connections. */
const RESERVE = 200

/** As many connections as wanted, or as this process may hold both ends of. */
export function limitConnections(wanted: number): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const most = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
  return Math.min(wanted, Math.floor((most - RESERVE) / 2))
}
