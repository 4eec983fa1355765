import { TaipanError } from '../core/errors.ts'
import type { ServerPlan } from './config/resolved.ts'

const LIMITS = ['maximumRequests', 'restartInterval', 'evictionTimeout'] as const

/** Throws `CONFIG_INVALID` for limits at which a process is replaced, if Python runs in this one. */
export function validateInProcess({ groups }: ServerPlan): void {
  for (const { group } of groups) {
    if (group.engine !== 'embedded') continue
    const key = LIMITS.find((limit) => (group[limit] ?? 0) > 0)
    if (key !== undefined)
      throw new TaipanError(
        'CONFIG_INVALID',
        `groups.${group.name}.${key}: embedded Python runs in this process, which nobody replaces; leave it out, serve by the command or with two "processes", or use the engine "daemon"`,
      )
  }
}
