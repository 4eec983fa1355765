import { setTimeout as delay } from 'node:timers/promises'
import { endsWithin } from './ends-within.ts'
import type { Force } from './process-end.ts'
import type { Ending } from './process-handle.ts'

const AFTER_SIGTERM = 1000
const AFTER_ABORT = 1000
// What a process has left behind mostly ends at once when it is told to, and nothing tells when.
const AFTER_LEADER = [50, 200, 750]

/** Process groups that have got SIGTERM, and get SIGKILL at last. */
const left = new Set<number>()

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

/**
 * Ends what a process that led a process group and has ended left behind in it: SIGTERM, then SIGKILL. Processes that have left
 * the group go on.
 */
export async function endGroup(pid: number): Promise<void> {
  if (!signalGroup(pid, 'SIGTERM')) return
  if (left.size === 0) process.on('exit', killGroups)
  left.add(pid)
  for (const wait of AFTER_LEADER) {
    await delay(wait)
    if (!signalGroup(pid, 0)) break
  }
  signalGroup(pid, 'SIGKILL')
  left.delete(pid)
  if (left.size === 0) process.off('exit', killGroups)
}

function killGroups(): void {
  for (const pid of left) signalGroup(pid, 'SIGKILL')
}

/** False when nobody of the group is left. The system gives its number to no process before; one that has it is another's. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  return !sendSignal(pid, 0) && sendSignal(-pid, signal)
}

/** False when there is no such process any more. */
function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
