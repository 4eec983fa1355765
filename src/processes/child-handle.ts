import type { ChildProcess } from 'node:child_process'
import { Readable } from 'node:stream'

import type { ProcessOutput } from './output.ts'
import type { ProcessEnd } from './process-end.ts'
import type { ProcessHandle } from './process-handle.ts'
import { abort, createSignaller, terminate, type GroupSignaller } from './terminate.ts'

/** The handle of a child that leads a process group. The group ends with it. One with Python dumps its stacks after SIGABRT. Throws when the child was not started. */
export function createChildHandle(child: ChildProcess, hasPython = false): ProcessHandle {
  const { pid } = child
  if (pid === undefined) throw new Error('no process')
  const [, stdout, stderr] = child.stdio
  const outputs: ProcessOutput[] = []
  if (stdout instanceof Readable) outputs.push({ name: 'stdout', stream: stdout })
  if (stderr instanceof Readable) outputs.push({ name: 'stderr', stream: stderr })
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  return createGroupHandle({ pid, outputs, ended, signaller: createSignaller(pid) }, hasPython)
}

/** A process that leads a group, and what signals both. */
export interface LedGroup extends Pick<ProcessHandle, 'pid' | 'outputs' | 'ended'> {
  readonly signaller: GroupSignaller
}

/** As `createChildHandle`, for a process that may be no child. */
export function createGroupHandle(
  { pid, outputs, ended, signaller }: LedGroup,
  hasPython: boolean,
): ProcessHandle {
  let isOver = false
  const alone = ended.then(() => {
    isOver = true
    return signaller.end()
  })
  return {
    pid,
    outputs,
    ended,
    terminate: async (ending) => {
      const force = await terminate(signaller, ending, hasPython)
      await alone
      return force
    },
    kill: () => {
      if (!isOver) signaller.kill()
    },
    abort: (exited) => abort(signaller, exited),
  }
}
