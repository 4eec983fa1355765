import { TaipanError } from '../core/errors.ts'
import type { ReplicaSet } from '../replicas/replica-set.ts'
import type { GroupPlan } from './config/resolved.ts'
import { judgeFailed, judgeFindings, nameGroup, type ReloadOutcome } from './reload-outcome.ts'

/** What a reload has made of a group that replicas have. */
export function judgeGroup(
  { name: group, dev }: GroupPlan['group'],
  { findings, failures }: ReplicaSet,
): ReloadOutcome {
  const failure = failures[group]
  if (failure === undefined) return judgeFindings(group, findings[group])
  const error = new TaipanError('APPLICATION_LOAD', failure.message, { cause: failure.traceback })
  return { subject: nameGroup(group), state: judgeFailed(error, dev), error }
}
