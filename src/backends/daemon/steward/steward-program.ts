import type { ChildProcess } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { Socket } from 'node:net'
import type { ProcessGroup } from '../../../core/process-group.ts'
import { createSignaller, endGroup } from '../../../processes/terminate.ts'
import { spawnChild } from '../spawn.ts'
import type { MessageFromSteward, MessageToSteward, StewardSignal } from './messages.ts'

/** Time for workers to end by themselves when the server is gone. */
const PATIENCE_MS = 5000

const UNKNOWN_GROUP =
  'a group that the server was not started with needs the rights of root, which it has given up: restart the server'

/** By name; fixed while this process runs. */
const groups = new Map<string, ProcessGroup>()
const workers = new Map<number, ChildProcess>()

// Stops are the server's; a terminal and service managers signal all processes at once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const)
  process.on(signal, () => {})
process.on('message', (message: MessageToSteward) => take(message))
process.on('disconnect', () => void leave())

/** Everything that the server may ask for, however it was changed by those whom it serves. */
function take(message: MessageToSteward): void {
  if (message.type === 'groups' && groups.size === 0) {
    for (const group of message.groups) groups.set(group.name, group)
    tell({ type: 'ready' })
  } else if (message.type === 'start') void start(message.id, groups.get(message.group))
  else if (message.type === 'signal') signal(workers.get(message.id), message.signal)
}

async function start(id: number, group: ProcessGroup | undefined): Promise<void> {
  if (workers.has(id)) return
  if (group === undefined) {
    tell({ type: 'failed', id, message: UNKNOWN_GROUP })
    return
  }
  try {
    const child = await spawnChild(group, countSockets(group), holdBack)
    workers.set(id, child)
    child.once('exit', (code, reason) => void finish(id, { code, signal: reason }))
    const ends = child.stdio.slice(1).filter((end) => end instanceof Socket)
    for (const [index, end] of ends.entries()) tell({ type: 'end', id, index }, end)
    tell({ type: 'started', id, pid: child.pid ?? 0 })
  } catch (error) {
    tell({ type: 'failed', id, message: error instanceof Error ? error.message : String(error) })
  }
}

/** Control channel and event loop, and the threads; a template has a door instead. */
function countSockets({ preload, threads }: ProcessGroup): number {
  return preload === true ? 2 : 2 + threads
}

/** What a worker says is read by the server alone; Node would begin at once. */
function holdBack(child: ChildProcess): void {
  for (const end of child.stdio.slice(1)) {
    const handle: unknown = end instanceof Socket ? Reflect.get(end, '_handle') : undefined
    if (typeof handle === 'object' && handle !== null && 'readStop' in handle)
      if (typeof handle.readStop === 'function') handle.readStop()
  }
}

async function finish(
  id: number,
  end: { readonly code: number | null; readonly signal: NodeJS.Signals | null },
): Promise<void> {
  const pid = workers.get(id)?.pid
  workers.delete(id)
  tell({ type: 'ended', id, ...end })
  if (pid !== undefined) await endGroup(pid)
  tell({ type: 'alone', id })
}

function signal(child: ChildProcess | undefined, wanted: StewardSignal): void {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const signaller = createSignaller(child.pid)
  if (wanted === 'tree') signaller.kill()
  else if (wanted === 'SIGTERM' || wanted === 'SIGABRT') signaller.send(wanted)
}

/** The server has ended: so do its workers, by themselves or by force. */
async function leave(): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (workers.size > 0 && performance.now() < end) await delay(50)
  for (const child of workers.values()) signal(child, 'tree')
  process.exit(0)
}

function tell(message: MessageFromSteward, end?: Socket): void {
  if (process.connected) process.send?.(message, end, {}, () => {})
}
