import { isDeepStrictEqual } from 'node:util'
import { TaipanError } from '../core/errors.ts'
import type { ServerPlan } from './config/resolved.ts'
import { hasEmbedded } from './divide-plan.ts'
import { placeSessions } from './session-folder.ts'

/** A plan that takes the place of another one in the same process: it keeps what clients have got, and where sessions are. */
export function succeedPlan(before: ServerPlan, plan: ServerPlan): ServerPlan {
  validateChange(before, plan)
  const { secret, temporaryFolder, sessions } = before
  const { store, directory, owner } = sessions
  const stays = plan.sessions.store === 'sqlite' && temporaryFolder !== undefined
  if (!stays) return placeSessions({ ...plan, secret })
  return {
    ...plan,
    secret,
    temporaryFolder,
    sessions: {
      ...plan.sessions,
      store,
      ...(directory !== undefined && { directory }),
      ...(owner !== undefined && { owner }),
    },
  }
}

/** Throws `CONFIG_INVALID` for what no running server can become. */
function validateChange(before: ServerPlan, plan: ServerPlan): void {
  if (!isDeepStrictEqual(before.account, plan.account)) refuse('user: who the server is')
  if (before.umask !== plan.umask) refuse('umask: that of the server')
  if (hasEmbedded(before) !== hasEmbedded(plan)) refuse('engine: from or to "embedded", it')
  if (before.lrwp !== undefined && plan.lrwp !== undefined)
    refuse('lrwp: a configuration with peers, which stay connected,')
}

function refuse(what: string): never {
  throw new TaipanError(
    'CONFIG_INVALID',
    `${what} cannot be changed while the server runs; restart it to apply the configuration`,
  )
}
