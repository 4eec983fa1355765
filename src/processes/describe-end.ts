import type { Force, WorkerEnd } from '../backends/group/host.ts'

/** `exit code 3` or `signal SIGKILL`. */
export function describeEnd({ code, signal }: WorkerEnd): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`
}

/** What a worker that was asked to end has needed besides. */
export function describeForce(label: string, force: Exclude<Force, 'none'>): string {
  return force === 'left'
    ? `worker ${label} did not end by itself and is left behind`
    : `worker ${label} did not end by itself and got ${force}`
}
