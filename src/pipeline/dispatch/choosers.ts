import { TaipanError } from '../../core/errors.ts'
import type { GuardedRequest } from '../guard/authority.ts'
import { describeRequest, type Awaitable, type GuardRequest } from '../guard/guard-request.ts'
import { askScript, type GuardScriptUpstream } from '../guard/question.ts'

/** Where a request is to run; nothing: as usual. */
export interface DispatchChoice {
  /** Name of a process group. */
  readonly processGroup?: string | null | undefined
  /** Name of the sub-interpreter; empty for the main one. */
  readonly applicationGroup?: string | null | undefined
  /** Name of the callable in place of the usual one. */
  readonly callableObject?: string | null | undefined
}

/** Chooses for a request. */
export type DispatchFunction = (
  request: GuardRequest,
) => Awaitable<DispatchChoice | null | undefined>

/** Chooses for a request; rejects if it cannot tell. */
export type Chooser = (request: GuardedRequest) => Promise<DispatchChoice>

/** A choice by a script: `process_group`, `application_group` and `callable_object`, each with the environ. */
export function createScriptChooser(place: GuardScriptUpstream): Chooser {
  return async (request) => readChoice(await askScript(request, place, { asks: 'dispatch' }))
}

/** A choice by a function of the configuration. */
export function createFunctionChooser(choose: DispatchFunction): Chooser {
  return async ({ exchange }) => readChoice((await choose(describeRequest(exchange))) ?? {})
}

const KEYS = ['processGroup', 'applicationGroup', 'callableObject'] as const

function readChoice(value: unknown): DispatchChoice {
  if (typeof value !== 'object' || value === null)
    throw new TaipanError('APPLICATION_FAILED', 'the choice is no object')
  const pairs = KEYS.map((key): [string, string | undefined] => {
    const chosen: unknown = Reflect.get(value, key)
    if (chosen === undefined || chosen === null) return [key, undefined]
    if (typeof chosen === 'string') return [key, chosen]
    throw new TaipanError('APPLICATION_FAILED', `${key} is no text`)
  })
  return Object.fromEntries(pairs)
}
