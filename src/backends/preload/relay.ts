import { setTimeout as delay } from 'node:timers/promises'
import type { GroupSignaller } from '../../processes/terminate.ts'

// As for groups that this process may signal itself.
const AFTER_LEADER = [50, 200, 750]

/** A signal that a template sends to a worker; `end` asks the rest of its group to end, and `tree` kills all of it. */
export type WorkerSignal = 'SIGTERM' | 'SIGABRT' | 'end' | 'tree'

/** Has a worker signalled by its template, which has the same user. */
export function createRelay(pid: number, tell: (signal: WorkerSignal) => void): GroupSignaller {
  return {
    send: (signal) => tell(signal === 'SIGABRT' ? 'SIGABRT' : 'SIGTERM'),
    kill: () => tell('tree'),
    end: async () => {
      if (!hasGroup(pid)) return
      tell('end')
      for (const wait of AFTER_LEADER) {
        await delay(wait)
        if (!hasGroup(pid)) return
      }
      tell('tree')
    },
  }
}

function hasGroup(pid: number): boolean {
  try {
    return process.kill(-pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
