import type { Backend, Findings } from '../core/backend.ts'
import { TaipanError } from '../core/errors.ts'

/** What a reload came to in one process group, or in all of them together. */
export interface ReloadOutcome {
  /** Empty for all groups. */
  readonly group: string
  /**
   * `kept`: the old code goes on. `broken`: neither the new code nor the old one can be loaded. `partly`: the new code
   * serves, but for applications that could not be loaded before, either, or need not be.
   */
  readonly state: 'reloaded' | 'kept' | 'broken' | 'partly'
  /** Undefined when it was reloaded. */
  readonly error?: TaipanError | undefined
}

const PREFIXES: Readonly<Record<ReloadOutcome['state'], string>> = {
  reloaded: '',
  kept: 'not reloaded, the old code goes on: ',
  broken: 'not reloaded, it still fails: ',
  partly: 'reloaded, but ',
}

/** Reloads a group and tells what came of it. Rejects with `STOPPING`. */
export async function reloadGroup(group: string, backend: Backend): Promise<ReloadOutcome> {
  try {
    await backend.reload()
  } catch (error) {
    const kept = backend.failure === undefined
    return { group, state: kept ? 'kept' : 'broken', error: requireFailure(error) }
  }
  return judgeFindings(group, backend.findings)
}

/** What a group that was reloaded serves. */
export function judgeFindings(group: string, findings: Findings | undefined): ReloadOutcome {
  const unloaded = findings?.applications.filter(({ failure }) => failure !== '') ?? []
  if (unloaded.length === 0) return { group, state: 'reloaded' }
  const reasons = unloaded.map(
    ({ name, failure }) => `application ${name} could not be loaded: ${failure}`,
  )
  return {
    group,
    state: 'partly',
    error: new TaipanError('APPLICATION_LOAD', reasons.join('; ')),
  }
}

/** The error of a reload that was tried. Throws it when the server stops, or it is a defect. */
export function requireFailure(error: unknown): TaipanError {
  if (error instanceof TaipanError && error.code !== 'STOPPING') return error
  throw error
}

/** Throws, and says of each group what serves now, unless all were reloaded. */
export function validateReloaded(outcomes: readonly ReloadOutcome[]): void {
  const first = outcomes.find(({ error }) => error !== undefined)?.error
  if (first === undefined) return
  const texts = outcomes.map((outcome) =>
    outcomes.length > 1 ? `group ${outcome.group}: ${describe(outcome)}` : describe(outcome),
  )
  throw new TaipanError(first.code, texts.join('; '), { cause: first.cause })
}

function describe({ state, error }: ReloadOutcome): string {
  return error === undefined ? 'reloaded' : `${PREFIXES[state]}${error.message}`
}
