/** How a process ended; both null when it was none of its own. */
export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** How far one had to go to end a process; `left` when it could not be ended and goes on. */
export type Force = 'none' | 'SIGTERM' | 'SIGKILL' | 'left'

/** `exit code 3` or `signal SIGKILL`. */
export function describeEnd({ code, signal }: ProcessEnd): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`
}

/** What a worker that was asked to end has needed besides. */
export function describeForce(label: string, force: Exclude<Force, 'none'>): string {
  return force === 'left'
    ? `worker ${label} did not end by itself and is left behind`
    : `worker ${label} did not end by itself and got ${force}`
}
