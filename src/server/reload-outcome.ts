import { isServed, type Backend, type Findings } from '../core/backend.ts'
import { TaipanError } from '../core/errors.ts'
import type { SupervisedUpstream } from '../core/upstream.ts'

/** Result of a reload in one process group, or in all groups, or of a program. */
export interface ReloadOutcome {
  /** `group web`; empty for all groups. */
  readonly subject: string
  /**
   * `kept`: the old code continues. `broken`: neither the new nor the old code can be loaded. `partly`: the new code is
   * served, except applications that failed before, too, or may fail.
   */
  readonly state: 'reloaded' | 'kept' | 'broken' | 'partly'
  /** Undefined after `reloaded`. */
  readonly error?: TaipanError | undefined
}

/** Is told of each reload, whoever or whatever has begun it. */
export type OnReload = (reloading: Promise<unknown>) => void

const PREFIXES: Readonly<Record<ReloadOutcome['state'], string>> = {
  reloaded: '',
  kept: 'not reloaded, the old code continues: ',
  broken: 'not reloaded, it still fails: ',
  partly: 'reloaded, but ',
}

/** Reloads a group and returns the result. Rejects with `STOPPING`. */
export async function reloadGroup(
  group: string,
  backend: Backend,
  dev: boolean,
): Promise<ReloadOutcome> {
  const failed = await reloadProcesses(nameGroup(group), backend, dev)
  return failed ?? judgeFindings(group, backend.findings)
}

/** Reloads a program and returns the result. Rejects with `STOPPING`. */
export async function reloadProgram(
  name: string,
  program: SupervisedUpstream,
): Promise<ReloadOutcome> {
  const subject = `program ${name}`
  return (await reloadProcesses(subject, program, false)) ?? { subject, state: 'reloaded' }
}

async function reloadProcesses(
  subject: string,
  upstream: SupervisedUpstream,
  dev: boolean,
): Promise<ReloadOutcome | undefined> {
  try {
    await upstream.reload()
    return undefined
  } catch (error) {
    return { subject, state: judgeFailed(upstream.failure, dev), error: requireFailure(error) }
  }
}

/** The subject of a group. */
export function nameGroup(group: string): string {
  return `group ${group}`
}

/** What serves after a reload whose workers could not be started; `dev` as in the configuration. */
export function judgeFailed(
  failure: TaipanError | undefined,
  dev: boolean,
): ReloadOutcome['state'] {
  if (failure === undefined) return 'kept'
  return dev ? 'partly' : 'broken'
}

/** The result of a reload whose workers have been started. */
export function judgeFindings(group: string, findings: Findings | undefined): ReloadOutcome {
  const subject = nameGroup(group)
  const unloaded = findings?.applications.filter((one) => !isServed(one)) ?? []
  if (unloaded.length === 0) return { subject, state: 'reloaded' }
  const reasons = unloaded.map(
    ({ name, failure }) => `application ${name} could not be loaded: ${failure}`,
  )
  return {
    subject,
    state: 'partly',
    error: new TaipanError('APPLICATION_LOAD', reasons.join('; ')),
  }
}

/** The error of a failed reload. Throws it if the server is stopping or the error is a bug. */
export function requireFailure(error: unknown): TaipanError {
  if (error instanceof TaipanError && error.code !== 'STOPPING') return error
  throw error
}

/** Throws unless all were reloaded; the message describes each. */
export function validateReloaded(outcomes: readonly ReloadOutcome[]): void {
  const first = outcomes.find(({ error }) => error !== undefined)?.error
  if (first === undefined) return
  const texts = outcomes.map((outcome) =>
    outcomes.length > 1 ? `${outcome.subject}: ${describe(outcome)}` : describe(outcome),
  )
  throw new TaipanError(first.code, texts.join('; '), { cause: first.cause })
}

function describe({ state, error }: ReloadOutcome): string {
  return error === undefined ? 'reloaded' : `${PREFIXES[state]}${error.message}`
}
