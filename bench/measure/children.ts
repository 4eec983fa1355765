import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { listTree, readStartTime } from './process-tree.ts'

/** A program to start. */
export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly directory?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly stdio?: StdioOptions
}

/** Grace period in ms. */
const PATIENCE = 5000

const living = new Set<ChildProcess>()
let stopping = false

/** Starts a program in a session of its own. Throws after all programs have been stopped. */
export function startChild(program: Program): ChildProcess {
  if (stopping) throw new Error(`${program.command} is not started any more`)
  const child = spawn(program.command, program.args, {
    cwd: program.directory,
    env: { ...process.env, ...program.environment },
    stdio: program.stdio ?? ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  living.add(child)
  child.once('close', () => living.delete(child))
  child.once('error', () => living.delete(child))
  return child
}

/** Ends a child and its descendants: asks, waits, then kills what is left. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return
  const tree = listTree(child.pid).map((pid) => ({ pid, startTime: readStartTime(pid) }))
  if (child.exitCode === null && child.signalCode === null) {
    const closed = once(child, 'exit', { signal: AbortSignal.timeout(PATIENCE) })
    child.kill('SIGTERM')
    await closed.catch(() => undefined)
  }
  for (const { pid, startTime } of tree) {
    if (startTime !== undefined && readStartTime(pid) === startTime) endByForce(pid)
  }
  // What a front has left behind that ended before it was stopped is still of its group.
  endByForce(-child.pid)
}

/** Ends every child that still lives, and lets no other start. */
export async function stopAllChildren(): Promise<void> {
  stopping = true
  await Promise.all([...living].map(stopChild))
}

function endByForce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended between the look and the signal.
  }
}
