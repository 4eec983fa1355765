import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { Socket } from 'node:net'

import { TaipanError } from '../../core/errors.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import { createChildHandle } from '../../processes/child-handle.ts'
import { findClosed } from '../../processes/closed-path.ts'
import type { PythonProcess, WorkerHost } from '../group/host.ts'
import { requireOwned } from '../group/owned-scripts.ts'
import { withTerminal } from './terminal.ts'
import { SocketCarrier } from '../link/socket-carrier.ts'
import { createCommand, describeUser } from './command.ts'

/** Starts a worker process of a group. Rejects with PYTHON_START when the system cannot start it. */
export async function spawnWorker(group: ProcessGroup): Promise<WorkerHost> {
  // 3 is the control channel, 4 the event loop's socket, then one socket for each thread.
  return openHost(openProcess(await spawnChild(group, 2 + group.threads)))
}

/** Node's view of a process of the Python half. */
export function openProcess(child: ChildProcess): PythonProcess {
  const sockets = child.stdio.slice(3).filter((end) => end instanceof Socket)
  return { handle: createChildHandle(child, true), sockets }
}

/**
 * A process of the Python half with so many sockets, as descriptors 3 and up, then the terminal if debuggers may use it.
 * `onSpawned` gets it before anything is read from it. Rejects with PYTHON_START, or
 * APPLICATION_LOAD if a script is not to be loaded.
 */
export async function spawnChild(
  group: ProcessGroup,
  sockets: number,
  onSpawned: (child: ChildProcess) => void = () => {},
): Promise<ChildProcess> {
  requireOwned(group)
  try {
    const { file, args, directory } = createCommand(group, { module: 'taipan.worker', tells: true })
    const child = withTerminal(group.dev, (terminal) =>
      spawn(file, args, {
        stdio: [
          'ignore',
          ...Array<'pipe'>(2 + sockets).fill('pipe'),
          ...(terminal === undefined ? [] : [terminal]),
        ],
        // A process group of its own: Ctrl-C in the terminal reaches Node only, and the worker's children can be killed with it.
        detached: true,
        cwd: directory,
        env: group.environment,
      }),
    )
    onSpawned(child)
    await once(child, 'spawn')
    return child
  } catch (error) {
    throw startError(group, error)
  }
}

/** The host of a worker in its process. */
export function openHost({ handle, sockets }: PythonProcess): WorkerHost {
  const [control, loop, ...threads] = sockets
  if (control === undefined || loop === undefined) throw new Error('no sockets')
  return {
    pid: handle.pid,
    outputs: handle.outputs,
    ended: handle.ended,
    terminate: (ending) => handle.terminate(ending),
    kill: () => handle.kill(),
    abort: (exited) => handle.abort(exited),
    control,
    threads,
    loop: new SocketCarrier(loop),
  }
}

function startError(group: ProcessGroup, error: unknown): TaipanError {
  if (error instanceof TaipanError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const options = { cause: error }
  if (code === 'ENOENT' && !existsSync(group.directory))
    return new TaipanError(
      'PYTHON_START',
      `working directory ${group.directory} of group ${group.name} does not exist; create it or change the directory of the application`,
      options,
    )
  const closed = code === 'EACCES' ? findClosed(group.python) : undefined
  if (closed !== undefined)
    return new TaipanError(
      'PYTHON_START',
      `${describeUser(group)} cannot read the Python interpreter ${group.python} of group ${group.name}, because ${closed} is closed to that user; let that user enter it, or name another with --python or the "python" key`,
      options,
    )
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'does not exist',
    EACCES: 'is not executable',
    ENOEXEC: 'is not a program',
    EMFILE: `needs ${group.threads + 4} more open files than the limit of this process allows (see "ulimit -n")`,
  }
  const reason = reasons[code] ?? `could not be started: ${String(error)}`
  return new TaipanError(
    'PYTHON_START',
    `Python interpreter ${group.python} of group ${group.name} ${reason}; name another with --python or the "python" key`,
    options,
  )
}
