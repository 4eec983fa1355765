import { TaipanError } from '../../core/errors.ts'

/** Why a program did not come up. */
export interface ProgramFailure {
  readonly error: TaipanError
  /** What it printed last; may be empty. */
  readonly output: string
}

/** The failure of a program that could not be started, from the thrown error. */
export function toProgramFailure(error: unknown): ProgramFailure {
  const known = error instanceof TaipanError
  return { error: known ? error : new TaipanError('INTERNAL', String(error)), output: '' }
}
