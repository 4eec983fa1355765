import { Socket } from 'node:net'

import type { ProcessGroup } from '../../core/process-group.ts'
import { endsWithin } from '../group/ends-within.ts'
import type { Ending, Force, HostOutput, WorkerEnd, WorkerHost } from '../group/host.ts'
import type { Carrier } from '../link/carrier.ts'
import type { Ffi } from './ffi.ts'
import type { Interpreter } from './interpreter.ts'
import type { EmbeddedPython } from './python.ts'
import { enterPython } from './python.ts'
import type { PortFacts } from './memory-carrier.ts'
import { MemoryCarrier } from './memory-carrier.ts'

const AFTER_INTERRUPT = 1000
const NO_PROCESS: WorkerEnd = { code: null, signal: null }

/** Starts a worker in this very process. Rejects with PYTHON_NOT_EMBEDDABLE. */
export async function startEmbeddedWorker(group: ProcessGroup): Promise<WorkerHost> {
  const python = await enterPython(group)
  try {
    return new EmbeddedHost(python, group.threads)
  } catch (error) {
    python.surroundings.leave()
    throw error
  }
}

/** One generation of a group's applications in the Python of this process. */
class EmbeddedHost implements WorkerHost {
  readonly pid = process.pid
  readonly control: Socket
  readonly threads: readonly Socket[]
  readonly loop: Carrier
  readonly outputs: readonly HostOutput[] = []
  readonly ended: Promise<WorkerEnd>
  readonly #interpreter: Interpreter
  readonly #number: number
  #over = false

  constructor({ interpreter, surroundings }: EmbeddedPython, threads: number) {
    this.#interpreter = interpreter
    const { ffi } = interpreter
    const pairs = openPairs(ffi, threads + 1)
    const [control, ...others] = pairs.map(({ near }) => new Socket({ fd: near }))
    const [controlEnd, ...threadEnds] = pairs.map(({ far }) => far)
    if (control === undefined) throw new Error('no control channel')
    this.control = control
    this.threads = others
    const memory = new MemoryCarrier(ffi)
    this.loop = memory
    const opened = interpreter.call(
      'taipan.embedded.worker:open_worker',
      controlEnd,
      threadEnds,
      memory.place,
    )
    if (!isOpened(opened)) throw new Error('Python opened no worker')
    this.#number = opened.number
    memory.open(opened)
    // Python closes its end when all is over.
    this.ended = new Promise((resolve) => {
      control.once('close', () => {
        this.#over = true
        this.loop.destroy()
        surroundings.leave()
        resolve(NO_PROCESS)
      })
    })
  }

  async terminate(ending: Ending): Promise<Force> {
    ending.askToStop()
    if (await endsWithin(ending.exited, ending.grace)) return 'none'
    ending.beforeForce()
    this.#call('interrupt')
    if (await endsWithin(ending.exited, AFTER_INTERRUPT)) return 'none'
    this.#call('abandon')
    await ending.exited
    return 'left'
  }

  kill(): void {}

  async abort(exited: Promise<void>): Promise<void> {
    this.#call('abandon')
    await exited
  }

  #call(name: 'interrupt' | 'abandon'): void {
    if (!this.#over) this.#interpreter.call(`taipan.embedded.worker:${name}`, this.#number)
  }
}

function isOpened(value: unknown): value is PortFacts & { readonly number: number } {
  return typeof value === 'object' && value !== null && 'turn' in value && 'number' in value
}

function openPairs(ffi: Ffi, count: number): { near: number; far: number }[] {
  return Array.from({ length: count }, () => {
    const [near, far] = ffi.socketPair()
    return { near, far }
  })
}
