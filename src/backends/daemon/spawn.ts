import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

import { TaipanError } from '../../core/errors.ts'
import type { ProcessGroup } from '../../core/process-group.ts'

// `src/` and `dist/` lie equally deep below the folder of the package.
const WORKER_SCRIPT = fileURLToPath(new URL('../../../python/worker.py', import.meta.url))

/** A started interpreter with the near ends of its descriptors. */
export interface WorkerProcess {
  readonly child: ChildProcess
  readonly pid: number
  readonly stdout: Readable
  readonly stderr: Readable
  readonly control: Socket
  readonly threads: readonly Socket[]
}

/** Starts one interpreter of a group. Rejects with PYTHON_START when the system refuses. */
export async function spawnWorker(group: ProcessGroup): Promise<WorkerProcess> {
  try {
    const child = spawn(group.python, [...group.pythonArguments, WORKER_SCRIPT], {
      // 0, 1, 2, the control channel at 3, then one socket for each thread.
      stdio: ['ignore', ...Array<'pipe'>(3 + group.threads).fill('pipe')],
      // A process group of its own: a Ctrl-C in the terminal is Node's, and its children can be ended with it.
      detached: true,
      cwd: group.directory,
      env: group.environment,
    })
    await once(child, 'spawn')
    return openEnds(child)
  } catch (error) {
    throw startError(group, error)
  }
}

function openEnds(child: ChildProcess): WorkerProcess {
  const [, stdout, stderr, control, ...threads] = child.stdio
  if (!(stdout instanceof Readable) || !(stderr instanceof Readable)) throw new Error('no pipes')
  const sockets = [control, ...threads].filter((end) => end instanceof Socket)
  const [first, ...rest] = sockets
  if (child.pid === undefined || first === undefined || rest.length !== threads.length)
    throw new Error('no sockets')
  return { child, pid: child.pid, stdout, stderr, control: first, threads: rest }
}

function startError(group: ProcessGroup, error: unknown): TaipanError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const options = { cause: error }
  if (code === 'ENOENT' && !existsSync(group.directory))
    return new TaipanError(
      'PYTHON_START',
      `working directory ${group.directory} of group ${group.name} does not exist; create it or change the directory of the application`,
      options,
    )
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'does not exist',
    EACCES: 'is not executable',
    ENOEXEC: 'is not a program',
    EMFILE: `would need ${group.threads + 3} more open files than this process may have (see "ulimit -n")`,
  }
  const reason = reasons[code] ?? `could not be started: ${String(error)}`
  return new TaipanError(
    'PYTHON_START',
    `Python interpreter ${group.python} of group ${group.name} ${reason}; name another with --python or the "python" key`,
    options,
  )
}
