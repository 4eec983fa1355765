import { TaipanError } from '../../core/errors.ts'
import type { ServerStatus } from '../../core/group-status.ts'
import type { WorkerStacks } from '../../core/stacks.ts'

/** The answer to `/status`. Throws `CONTROL_REFUSED` for that of another program. */
export function parseStatus(answer: unknown): ServerStatus {
  if (!isStatus(answer)) throw foreign()
  return answer
}

/** The answer to `/stacks`. Throws as `parseStatus`. */
export function parseStacks(answer: unknown): readonly WorkerStacks[] {
  if (!areStacks(answer)) throw foreign()
  return answer.workers
}

/** Looks at its shape from outside: the server is of the same package, maybe of another version. */
function isStatus(answer: unknown): answer is ServerStatus {
  return (
    Array.isArray(Reflect.get(Object(answer), 'groups')) &&
    Array.isArray(Reflect.get(Object(answer), 'addresses'))
  )
}

function areStacks(answer: unknown): answer is { readonly workers: readonly WorkerStacks[] } {
  return Array.isArray(Reflect.get(Object(answer), 'workers'))
}

function foreign(): TaipanError {
  return new TaipanError('CONTROL_REFUSED', 'the control address is that of another program')
}
