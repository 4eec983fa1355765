import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'

import type { ProcessGroup } from '../../core/process-group.ts'
import { findTrustedPython } from '../daemon/trusted-python.ts'
import type { ProcessOutput } from '../../processes/output.ts'
import { describeEnd, type ProcessEnd } from '../../processes/process-end.ts'

// Sends its descriptors, outputs first, over the last one, and says for which worker they are.
const SCRIPT = `
import _socket, struct, sys, time
number, last = map(int, sys.argv[1:])
door = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, last)
ends = range(1, last)
head = struct.pack("!II", number, len(ends))
for at in range(0, len(ends), 100):
    part = ends[at:at + 100]
    rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack(f"{len(part)}i", *part))
    while True:
        try:
            door.sendmsg([head], [rights])
            break
        except BlockingIOError:
            time.sleep(0.01)
`

const LONGEST_MS = 30_000

/** Node's ends of the connections of a worker. */
export interface WorkerEnds {
  readonly outputs: readonly ProcessOutput[]
  readonly control: Socket
  readonly loop: Socket
  readonly threads: readonly Socket[]
}

/**
 * Makes the connections of worker `number`, and sends their far ends over `door`. Node cannot send descriptors, but lets
 * programs inherit them: a Python that imports next to nothing passes them on.
 */
export async function donateEnds(
  group: ProcessGroup,
  number: number,
  door: Socket,
): Promise<WorkerEnds> {
  const pipes = Array<'pipe'>(4 + group.threads).fill('pipe')
  const stdio: StdioOptions = ['ignore', ...pipes, door]
  const words = ['-I', '-S', '-c', SCRIPT, `${number}`, `${pipes.length + 1}`]
  // It has the rights of this process, so it runs nothing that the user of the workers can change.
  const isConfined = group.confinement !== undefined
  const donor = spawn(isConfined ? findTrustedPython(group) : group.python, words, {
    stdio,
    cwd: '/',
    env: isConfined ? {} : group.environment,
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  })
  const end = await waitForEnd(donor)
  // Node reads what nobody reads when a child has ended; nothing arrives before the worker gets its configuration.
  await setImmediate()
  const ends = listEnds(donor)
  if (end.code !== 0) {
    closeEnds(ends)
    throw new Error(`its sockets could not be passed on (${describeEnd(end)})`)
  }
  return ends
}

async function waitForEnd(donor: ChildProcess): Promise<ProcessEnd> {
  return await new Promise((resolve, reject) => {
    donor.once('error', reject)
    donor.once('exit', (code, signal) => resolve({ code, signal }))
  })
}

/** Closes them when no worker has the other ends. */
export function closeEnds({ outputs, control, loop, threads }: WorkerEnds): void {
  for (const { stream } of outputs) stream.destroy()
  for (const socket of [control, loop, ...threads]) socket.destroy()
}

function listEnds({ stdio }: ChildProcess): WorkerEnds {
  const [, stdout, stderr, ...others] = stdio
  // The door is no pipe of this child, and Node has null in its place.
  const [control, loop, ...threads] = others.filter((end) => end instanceof Socket)
  if (!(stdout instanceof Readable) || !(stderr instanceof Readable)) throw new Error('no outputs')
  if (control === undefined || loop === undefined) throw new Error('no sockets')
  const outputs = [
    { name: 'stdout', stream: stdout },
    { name: 'stderr', stream: stderr },
  ] as const
  return { outputs, control, loop, threads }
}
