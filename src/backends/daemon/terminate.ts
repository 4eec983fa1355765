/** What `terminate` needs of a process. */
export interface Terminable {
  readonly pid: number
  /** Resolves when the process has ended. */
  readonly exited: Promise<void>
  /** Asks it to end by itself. */
  askToStop(): void
  /** Called when it did not, before force is used. */
  beforeForce(): void
}

/** How far `terminate` had to go. */
export type Force = 'none' | 'SIGTERM' | 'SIGKILL'

const AFTER_SIGTERM = 1000

/** Asks a process to end, waits `grace` ms, then sends SIGTERM, and at last SIGKILL to it and its children. */
export async function terminate(target: Terminable, grace: number): Promise<Force> {
  target.askToStop()
  if (await endsWithin(target.exited, grace)) return 'none'
  target.beforeForce()
  sendSignal(target.pid, 'SIGTERM')
  if (await endsWithin(target.exited, AFTER_SIGTERM)) return 'SIGTERM'
  killTree(target.pid)
  await target.exited
  return 'SIGKILL'
}

/** Ends a process that leads a process group, and what it has started, at once. */
export function killTree(pid: number): void {
  if (!sendSignal(-pid, 'SIGKILL')) sendSignal(pid, 'SIGKILL')
}

/** False when there is no such process any more. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** Whether a promise resolves within so many ms; the process is kept alive until one or the other. */
export async function endsWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([promise.then(() => true), timeout])
  } finally {
    clearTimeout(timer)
  }
}
