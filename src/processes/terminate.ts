import { setTimeout as delay } from 'node:timers/promises'
import { endsWithin } from '../core/ends-within.ts'
import type { Force } from './process-end.ts'
import type { Ending } from './process-handle.ts'

const AFTER_SIGTERM = 1000
const AFTER_ABORT = 1000
// Nothing signals the end of the other processes of a group, so they are checked at these intervals (ms).
const AFTER_LEADER = [50, 200, 750]

/** Process groups that have got SIGTERM and will get SIGKILL. */
const left = new Set<number>()

/** Sends signals to a process that leads a group. */
export interface Signaller {
  send(signal: NodeJS.Signals): void
  /** Kills the whole group at once. */
  kill(): void
}

/** Also ends what remains of the group. */
export interface GroupSignaller extends Signaller {
  /** Ends the processes that are left when the leader has ended. */
  end(): Promise<void>
}

/** Sends signals to a process by its number. */
export function createSignaller(pid: number): GroupSignaller {
  return {
    send: (signal) => void sendSignal(pid, signal),
    kill: () => killTree(pid),
    end: () => endGroup(pid),
  }
}

/**
 * Asks a process to stop, waits `ending.grace` ms, sends SIGTERM, and at last kills its process group. One that `dumps`
 * its stacks gets SIGABRT before that.
 */
export async function terminate(target: Signaller, ending: Ending, dumps = false): Promise<Force> {
  ending.askToStop()
  if (await endsWithin(ending.exited, ending.grace)) return 'none'
  ending.beforeForce()
  target.send('SIGTERM')
  if (await endsWithin(ending.exited, AFTER_SIGTERM)) return 'SIGTERM'
  if (dumps) {
    target.send('SIGABRT')
    if (await endsWithin(ending.exited, AFTER_ABORT)) return 'SIGABRT'
  }
  target.kill()
  await ending.exited
  return 'SIGKILL'
}

/** Kills a process that does not answer; faulthandler dumps its stacks if it can. */
export async function abort(target: Signaller, exited: Promise<void>): Promise<void> {
  target.send('SIGABRT')
  if (!(await endsWithin(exited, AFTER_ABORT))) target.kill()
}

/** Kills the process group of a process at once. */
function killTree(pid: number): void {
  if (!sendSignal(-pid, 'SIGKILL')) sendSignal(pid, 'SIGKILL')
}

/** Ends the processes that remain in the group of an ended process: SIGTERM, then SIGKILL. */
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

/** Signals a group whose leader has ended; false when it is empty. The system reuses no `pid` while its group exists, so a running process with that `pid` is a stranger. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  return !sendSignal(pid, 0) && sendSignal(-pid, signal)
}

/** False when the process does not exist. */
function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
