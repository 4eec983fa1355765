import { readFileSync } from 'node:fs'
import { constants } from 'node:os'

import { createGroupHandle } from '../../processes/child-handle.ts'
import type { GroupSignaller } from '../../processes/terminate.ts'
import type { ProcessEnd } from '../../processes/process-end.ts'
import type { WorkerHost } from '../group/host.ts'
import type { MessageFromWorker } from '../group/control-channel.ts'
import { SocketCarrier } from '../link/socket-carrier.ts'
import type { WorkerEnds } from './donor.ts'

// Nothing tells the end of a process whose parent has ended.
const LOOK_MS = 200
const UNKNOWN: ProcessEnd = { code: null, signal: null }

/** A worker that was forked from a template, which tells how it ended. */
export class ForkedProcess {
  readonly pid: number
  readonly ended: Promise<ProcessEnd>
  #settle: (end: ProcessEnd) => void = () => {}
  #over = false

  constructor(pid: number) {
    this.pid = pid
    this.ended = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  /** It has ended. */
  end(end: ProcessEnd): void {
    this.#over = true
    this.#settle(end)
  }

  /** The template has ended, so that nobody learns how this process ends, but that it does. */
  watch(): void {
    if (this.#over) return
    const timer = setInterval(() => {
      if (isRunning(this.pid)) return
      clearInterval(timer)
      this.end(UNKNOWN)
    }, LOOK_MS)
    void this.ended.then(() => clearInterval(timer))
  }
}

/** The host of a worker with these connections. */
export function createForkedHost(
  { pid, ended }: ForkedProcess,
  { outputs, control, loop, threads }: WorkerEnds,
  signaller: GroupSignaller,
): WorkerHost {
  const handle = createGroupHandle({ pid, outputs, ended, signaller }, true)
  return { ...handle, control, threads, loop: new SocketCarrier(loop) }
}

/** How a worker has ended, from the message of its template. */
export function parseEnd({ code, signal }: MessageFromWorker): ProcessEnd {
  const name = typeof signal === 'string' && isSignal(signal) ? signal : null
  return { code: typeof code === 'number' ? code : null, signal: name }
}

function isSignal(name: string): name is NodeJS.Signals {
  return name in constants.signals
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0) && !isZombie(pid)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Whoever inherits orphans may be slow to take their status. Only Linux tells. */
function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}
