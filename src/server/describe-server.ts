import type { AppStatus, ServerStatus } from '../core/group-status.ts'
import { VERSION } from './version.ts'

/** What a server says of itself. */
export interface ServerFacts {
  readonly urls: readonly string[]
  readonly exchanges: number
}

/** The status of the server of this process. */
export function describeServer({ urls, exchanges }: ServerFacts, app: AppStatus): ServerStatus {
  return {
    version: VERSION,
    pid: process.pid,
    uptime: Math.round(process.uptime() * 1000),
    addresses: urls,
    exchanges,
    state: 'running',
    lastReload: undefined,
    ...app,
  }
}
