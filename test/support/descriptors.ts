import { readFileSync } from 'node:fs'

/** Descriptors of a test process that are not connections. */
const RESERVE = 200

/** The wanted number of connections, or as many as this process can have both ends of. */
export function limitConnections(wanted: number): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const most = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
  return Math.min(wanted, Math.floor((most - RESERVE) / 2))
}
