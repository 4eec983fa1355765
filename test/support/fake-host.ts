import { once } from 'node:events'
import type { Socket } from 'node:net'

import type { WorkerHost } from '../../src/backends/group/host.ts'
import type { Force, ProcessEnd } from '../../src/processes/process-end.ts'
import type { Ending } from '../../src/processes/process-handle.ts'
import type { Carrier } from '../../src/backends/link/carrier.ts'
import { SocketCarrier } from '../../src/backends/link/socket-carrier.ts'
import {
  encodeControl,
  encodeFrame,
  FrameDecoder,
  FrameFlag,
  FrameType,
} from '../../src/wire/frames.ts'
import { createPair, type SocketPair } from './socket-pair.ts'

const EXITED: ProcessEnd = { code: 0, signal: null }
let pids = 1000

/** A fake host of a worker, controlled by the test. */
export class FakeHost implements WorkerHost {
  readonly pid = ++pids
  readonly control: Socket
  readonly threads: readonly Socket[]
  readonly loop: Carrier
  readonly outputs = []
  readonly ended: Promise<ProcessEnd>
  /** Calls in order. */
  readonly calls: ('stop' | 'kill' | 'abort')[] = []
  /** Whether it stops when asked, and can be killed. */
  obeys = true
  /** Messages that it was sent. */
  readonly messages: object[] = []
  onMessage: () => void = () => {}
  /** Resolves when a thread has read a request. */
  readonly asked: Promise<unknown>
  readonly #far: readonly Socket[]
  #end: (end: ProcessEnd) => void = () => {}

  private constructor(control: SocketPair, loop: SocketPair, threads: readonly SocketPair[]) {
    this.control = control.near
    this.loop = new SocketCarrier(loop.near)
    this.threads = threads.map(({ near }) => near)
    this.#far = [control.far, loop.far, ...threads.map(({ far }) => far)]
    for (const socket of this.#far) socket.on('error', () => {}).resume()
    const decoder = new FrameDecoder({
      onFrame: (_frame, chunk, start, end) =>
        this.#take(JSON.parse(chunk.toString('utf8', start, end))),
    })
    control.far.on('data', (chunk: Buffer) => decoder.push(chunk))
    this.asked = Promise.race(threads.map(({ far }) => once(far, 'data')))
    this.asked.catch(() => {})
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  static async create(threads: number): Promise<FakeHost> {
    const pairs = Array.from({ length: threads }, () => createPair())
    return new FakeHost(await createPair(), await createPair(), await Promise.all(pairs))
  }

  /** Reports that its application is loaded. */
  becomeReady(): void {
    this.tell({ type: 'ready', python: '3.9.0', applications: [{ interface: 'wsgi' }] })
  }

  /** Sends a message of the control channel. */
  tell(message: object): void {
    this.#far[0]?.write(encodeControl(message))
  }

  /** A thread aborts its request. */
  abortRequest(thread: number): void {
    this.#far[2 + thread]?.write(encodeFrame(FrameType.ABORT, FrameFlag.FREE))
  }

  /** Closes the worker's end of a thread's socket. */
  loseThread(thread: number): void {
    this.#far[2 + thread]?.destroy()
  }

  exit(end: ProcessEnd = EXITED): void {
    for (const socket of this.#far) socket.destroy()
    this.#end(end)
  }

  #take(message: object): void {
    this.messages.push(message)
    this.onMessage()
  }

  async terminate({ askToStop, exited }: Ending): Promise<Force> {
    this.calls.push('stop')
    askToStop()
    if (this.obeys) this.exit()
    await exited
    return 'none'
  }

  kill(): void {
    this.calls.push('kill')
  }

  async abort(exited: Promise<void>): Promise<void> {
    this.calls.push('abort')
    if (!this.obeys) throw new Error('it cannot be ended')
    await exited
  }
}

/** Starts fake hosts, and keeps them in order. */
export class FakeHosts {
  readonly all: FakeHost[] = []

  /** For a group with that many threads; `onStart` gets each host, and makes it ready by default. */
  constructor(onStart: (host: FakeHost) => void = (host) => host.becomeReady()) {
    this.#onStart = onStart
  }

  readonly #onStart: (host: FakeHost) => void

  readonly start = async ({ threads }: { readonly threads: number }): Promise<FakeHost> => {
    const host = await FakeHost.create(threads)
    this.all.push(host)
    this.#onStart(host)
    return host
  }

  /** The host that was started as number `number`. */
  get(number: number): FakeHost {
    const host = this.all[number]
    if (host === undefined) throw new Error(`no host ${number}`)
    return host
  }

  [Symbol.dispose](): void {
    for (const host of this.all) host.exit()
  }
}
