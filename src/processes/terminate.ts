import { endsWithin } from './ends-within.ts'
import type { Ending, Force } from '../backends/group/host.ts'

const AFTER_SIGTERM = 1000
const AFTER_ABORT = 1000

/** Asks a process to end, waits `ending.grace` ms, then sends SIGTERM, and at last SIGKILL to it and its children. */
export async function terminate(pid: number, ending: Ending): Promise<Force> {
  ending.askToStop()
  if (await endsWithin(ending.exited, ending.grace)) return 'none'
  ending.beforeForce()
  sendSignal(pid, 'SIGTERM')
  if (await endsWithin(ending.exited, AFTER_SIGTERM)) return 'SIGTERM'
  killTree(pid)
  await ending.exited
  return 'SIGKILL'
}

/** Ends a process that does not answer, with a dump of its stacks where faulthandler can give one. */
export async function abort(pid: number, exited: Promise<void>): Promise<void> {
  sendSignal(pid, 'SIGABRT')
  if (!(await endsWithin(exited, AFTER_ABORT))) killTree(pid)
}

/** Ends a process that leads a process group, and what it has started, at once. */
export function killTree(pid: number): void {
  if (!sendSignal(-pid, 'SIGKILL')) sendSignal(pid, 'SIGKILL')
}

/** False when there is no such process any more. */
function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
