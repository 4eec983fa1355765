import { Socket } from 'node:net'

import type { ProcessGroup } from '../../core/process-group.ts'
import { endsWithin } from '../../core/ends-within.ts'
import type { ProcessOutput } from '../../processes/output.ts'
import type { Force, ProcessEnd } from '../../processes/process-end.ts'
import type { Ending } from '../../processes/process-handle.ts'
import type { WorkerHost } from '../group/host.ts'
import type { Carrier } from '../link/carrier.ts'
import type { Ffi } from './ffi.ts'
import type { Interpreter } from './interpreter.ts'
import type { EmbeddedPython } from './python.ts'
import { enterPython } from './python.ts'
import type { PortFacts } from './memory-carrier.ts'
import { MemoryCarrier } from './memory-carrier.ts'

const AFTER_INTERRUPT = 1000
const NO_PROCESS: ProcessEnd = { code: null, signal: null }

/** Starts a worker inside this process. Rejects with PYTHON_NOT_EMBEDDABLE. */
export async function startEmbeddedWorker(group: ProcessGroup): Promise<WorkerHost> {
  const python = await enterPython(group)
  try {
    return new EmbeddedHost(python, group.threads)
  } catch (error) {
    python.processState.leave()
    throw error
  }
}

/** A worker inside this process: the applications of a group in one generation. */
class EmbeddedHost implements WorkerHost {
  readonly pid = process.pid
  readonly control: Socket
  readonly threads: readonly Socket[]
  readonly loop: Carrier
  readonly outputs: readonly ProcessOutput[] = []
  readonly ended: Promise<ProcessEnd>
  readonly #interpreter: Interpreter
  readonly #number: number
  #over = false

  constructor({ interpreter, processState }: EmbeddedPython, threads: number) {
    this.#interpreter = interpreter
    const { ffi } = interpreter
    const [controlPair, ...threadPairs] = openPairs(ffi, threads + 1)
    const control = new Socket({ fd: controlPair.near })
    this.control = control
    this.threads = threadPairs.map(({ near }) => new Socket({ fd: near }))
    const memory = new MemoryCarrier(ffi)
    this.loop = memory
    try {
      // Python closes its ends even if it fails.
      const opened = interpreter.call(
        'taipan.embedded.worker:open_worker',
        controlPair.far,
        threadPairs.map(({ far }) => far),
        memory.place,
      )
      if (!isOpened(opened)) throw new Error('Python opened no worker')
      this.#number = opened.number
      memory.open(opened)
    } catch (error) {
      for (const socket of [control, ...this.threads]) socket.destroy()
      memory.destroy()
      throw error
    }
    // Python closes its end when the worker has ended.
    this.ended = new Promise((resolve) => {
      control.once('close', () => {
        this.#over = true
        this.loop.destroy()
        processState.leave()
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

interface Pair {
  readonly near: number
  readonly far: number
}

/** Opens `count` pairs, at least one. Throws without leaving any open when there are no more descriptors. */
function openPairs(ffi: Ffi, count: number): [Pair, ...Pair[]] {
  const open = (): Pair => {
    const [near, far] = ffi.socketPair()
    return { near, far }
  }
  const pairs: [Pair, ...Pair[]] = [open()]
  try {
    while (pairs.length < count) pairs.push(open())
  } catch (error) {
    for (const descriptor of pairs.flatMap(({ near, far }) => [near, far])) ffi.close(descriptor)
    throw error
  }
  return pairs
}
