import { isServed, type ApplicationFinding } from '../core/backend.ts'
import { TaipanError } from '../core/errors.ts'
import type { ServerPlan } from './config/resolved.ts'
import type { Served } from './served.ts'

/** An app that has started. */
export interface StartedApp {
  readonly plan: ServerPlan
  readonly served: Served
}

/** Throws `APPLICATION_LOAD` if an app serves less than the one in whose place it is to be: what has failed before may still fail. */
export function validateStillServed(before: StartedApp, after: StartedApp): void {
  const known = new Set(listUnserved(before).map(({ name }) => name))
  const news = listUnserved(after).filter(({ name }) => !known.has(name))
  if (news.length === 0) return
  const reasons = news.map(
    ({ name, failure }) => `application ${name} could not be loaded: ${failure}`,
  )
  const tracebacks = new Set(news.flatMap(({ traceback }) => traceback || []))
  const cause = [...tracebacks].join('\n') || undefined
  throw new TaipanError('APPLICATION_LOAD', reasons.join('; '), { cause })
}

type Unserved = Pick<ApplicationFinding, 'name' | 'failure' | 'traceback'>

function listUnserved({ plan, served }: StartedApp): Unserved[] {
  return plan.groups.flatMap(({ group: { name, applications } }): Unserved[] => {
    const failure = served.failures[name]
    const { message = '', traceback = '' } = failure ?? {}
    if (failure !== undefined)
      return applications.map((one) => ({ name: one.name, failure: message, traceback }))
    return (served.findings[name]?.applications ?? []).filter((one) => !isServed(one))
  })
}
