import { TaipanError } from '../core/errors.ts'
import { suggest } from '../core/suggest.ts'
import type { ServerPlan } from './config/resolved.ts'

/** Throws `NOT_FOUND` unless there is a group of this name. */
export function requireGroup(name: string, { groups }: Pick<ServerPlan, 'groups'>): void {
  const names = groups.map(({ group }) => group.name)
  if (names.includes(name)) return
  const hint = suggest(name, names, '') || ` Groups: ${names.join(', ')}.`
  throw new TaipanError('NOT_FOUND', `there is no group ${JSON.stringify(name)}.${hint}`)
}
