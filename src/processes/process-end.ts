/** How a process ended; both null for an interpreter without a process of its own, and where nobody has learned how. */
export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** What it took to end a process, beyond asking it to stop; `left` when it could not be ended and still runs. */
export type Force = 'none' | 'SIGTERM' | 'SIGABRT' | 'SIGKILL' | 'left'

/** What a process is called in messages. */
export type ProcessNoun = 'worker' | 'program' | 'template'

/** `exit code 3`, `signal SIGKILL` or `an unknown status`. */
export function describeEnd({ code, signal }: ProcessEnd): string {
  if (code === null && signal === null) return 'an unknown status'
  return signal === null ? `exit code ${code}` : `signal ${signal}`
}

/** End of the log message about a process that did not stop when asked. */
export function describeForce(force: Exclude<Force, 'none'>): string {
  return force === 'left'
    ? 'did not stop when asked and could not be ended; it still runs'
    : `did not stop when asked and was ended by ${force}`
}
