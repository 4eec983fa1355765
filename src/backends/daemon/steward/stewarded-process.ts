import type { Socket } from 'node:net'
import type { ProcessOutput } from '../../../processes/output.ts'
import { endsWithin } from '../../../core/ends-within.ts'
import type { Force, ProcessEnd } from '../../../processes/process-end.ts'
import type { Ending, ProcessHandle } from '../../../processes/process-handle.ts'
import { abort, terminate, type Signaller } from '../../../processes/terminate.ts'
import type { StewardSignal } from './messages.ts'

// The steward gives the group of a worker a second.
const ALONE_MS = 5000
const UNKNOWN: ProcessEnd = { code: null, signal: 'SIGKILL' }

/** A worker that the steward has started, and signals for this process. */
export class StewardedProcess implements ProcessHandle {
  readonly pid: number
  readonly outputs: readonly ProcessOutput[]
  readonly ended: Promise<ProcessEnd>
  readonly #signaller: Signaller
  readonly #alone: Promise<void>
  #noteEnd: (end: ProcessEnd) => void = () => {}
  #noteAlone: () => void = () => {}
  #over = false

  constructor(pid: number, outputs: readonly Socket[], send: (signal: StewardSignal) => void) {
    this.pid = pid
    this.outputs = outputs.map((stream, index) => ({
      name: index === 0 ? 'stdout' : 'stderr',
      stream,
    }))
    this.#signaller = {
      send: (signal) => send(signal === 'SIGABRT' ? 'SIGABRT' : 'SIGTERM'),
      kill: () => send('tree'),
    }
    this.ended = new Promise((resolve) => {
      this.#noteEnd = resolve
    })
    this.#alone = new Promise((resolve) => {
      this.#noteAlone = resolve
    })
  }

  /** It has ended. */
  noteEnd(end: ProcessEnd): void {
    this.#over = true
    this.#noteEnd(end)
  }

  /** Its process group has ended, too. */
  noteAlone(): void {
    this.#noteAlone()
  }

  /** The steward is gone, and has taken it along. */
  noteLost(): void {
    this.noteEnd(UNKNOWN)
    this.noteAlone()
  }

  async terminate(ending: Ending): Promise<Force> {
    const force = await terminate(this.#signaller, ending, true)
    // The channel of the steward does not keep this process alive.
    await endsWithin(this.#alone, ALONE_MS)
    return force
  }

  kill(): void {
    if (!this.#over) this.#signaller.kill()
  }

  async abort(exited: Promise<void>): Promise<void> {
    await abort(this.#signaller, exited)
  }
}
