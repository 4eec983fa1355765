import type { Socket } from 'node:net'

import { TaipanError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Aim } from '../../processes/member.ts'
import type { Cause } from '../../processes/cause.ts'
import type { ProcessOutput } from '../../processes/output.ts'
import { createSignaller } from '../../processes/terminate.ts'
import { endsWithin } from '../../core/ends-within.ts'
import type { ProcessExit } from '../../processes/supervised-process.ts'
import { createConfigureMessage, type WorkerTask } from '../group/configure.ts'
import { ControlChannel, type MessageFromWorker } from '../group/control-channel.ts'
import type { WorkerHost } from '../group/host.ts'
import { LoadingProcess } from '../group/loading-process.ts'
import { waitForClose } from '../group/worker-links.ts'
import { closeEnds, donateEnds, type WorkerEnds } from './donor.ts'
import { createForkedHost, ForkedProcess, parseEnd } from './forked-host.ts'
import { createRelay, type WorkerSignal } from './relay.ts'
import type { TemplateHost } from './spawn-template.ts'

// It has nothing to do but to fork.
const FORK_MS = 30_000
/** Receives the events of a template. */
export interface TemplateListener {
  /** It shall be used no more. */
  onSpoilt(template: Template, cause: Cause): void
  /** Called once. */
  onTemplateExit(template: Template, exit: ProcessExit): void
  /** A worker that was forked from it has ended. */
  onWorkerEnd(template: Template): void
}

/** Parts of a template. */
export interface TemplateOptions extends WorkerTask {
  readonly aim: Aim
  /** It signals its workers, because this process may not. */
  readonly signals: boolean
  readonly logger: Logger
  readonly listener: TemplateListener
}

/** The process that has loaded the applications of a group, and forks its workers. */
export class Template extends LoadingProcess {
  /** What its first worker is for. */
  readonly aim: Aim
  /** Workers that were or will be forked from it, and run. */
  users = 0
  readonly #options: TemplateOptions
  readonly #control: ControlChannel
  readonly #channel: Socket
  readonly #door: Socket
  readonly #outputs: readonly ProcessOutput[]
  readonly #answers = new Map<number, (answer: MessageFromWorker) => void>()
  readonly #workers = new Map<number, ForkedProcess>()
  #forks = 0
  #pings = 0

  constructor(options: TemplateOptions, host: TemplateHost) {
    const { group, logger } = options
    const { handle } = host
    super(handle, group, { noun: 'template', logger })
    this.#options = options
    this.aim = options.aim
    this.#outputs = handle.outputs
    this.#door = host.door
    this.#door.on('error', () => {})
    this.#channel = host.control
    this.#control = new ControlChannel(host.control, {
      onMessage: (message) => this.take(message),
      onEnd: () => {},
    })
    this.#control.send({ ...createConfigureMessage(options), template: true })
  }

  /** Forks a worker. Rejects with PYTHON_START. */
  async fork(): Promise<WorkerHost> {
    const number = ++this.#forks
    const answer = this.#awaitAnswer(number)
    try {
      const ends = await donateEnds(this.#options.group, number, this.#door)
      const { pid, error } = await answer
      if (typeof pid === 'number') return this.#createHost(pid, ends)
      closeEnds(ends)
      throw new Error(typeof error === 'string' ? error : 'it did not answer in time')
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new TaipanError(
        'PYTHON_START',
        `no worker of group ${this.#options.group.name} could be forked from its template: ${reason}`,
        { cause: error },
      )
    } finally {
      this.#answers.delete(number)
    }
  }

  ping(): void {
    this.#control.send({ type: 'ping', id: ++this.#pings })
  }

  retire(): void {}

  async drained(): Promise<void> {}

  protected askToStop(patience: number): void {
    this.#control.send({ type: 'stop', patience })
  }

  protected beforeForce(): void {}

  protected async readRest(): Promise<void> {
    const streams = [this.#channel, ...this.#outputs.map(({ stream }) => stream)]
    await Promise.all(streams.map((stream) => waitForClose(stream)))
  }

  protected release(): void {
    this.#control.destroy()
    this.#door.destroy()
    for (const answer of this.#answers.values()) answer(GONE)
    for (const worker of this.#workers.values()) worker.watch()
  }

  protected tellUnhealthy(cause: Cause): void {
    this.#options.listener.onSpoilt(this, cause)
  }

  protected tellDue(cause: Cause): void {
    this.#options.listener.onSpoilt(this, cause)
  }

  protected tellExit(exit: ProcessExit): void {
    this.#options.listener.onTemplateExit(this, exit)
  }

  async #awaitAnswer(number: number): Promise<Readonly<Record<string, unknown>>> {
    let found: MessageFromWorker | undefined
    const answered = new Promise<void>((resolve) => {
      this.#answers.set(number, (answer) => {
        found = answer
        resolve()
      })
    })
    await endsWithin(answered, FORK_MS)
    return found ?? {}
  }

  #createHost(pid: number, ends: WorkerEnds): WorkerHost {
    const tell = (signal: WorkerSignal): void => this.#control.send({ type: 'signal', pid, signal })
    const signaller = this.#options.signals ? createRelay(pid, tell) : createSignaller(pid)
    const end = async (): Promise<void> => {
      await signaller.end()
      // It is needed until then to signal the rest of the worker's group.
      this.#options.listener.onWorkerEnd(this)
    }
    return createForkedHost(this.#takeWorker(pid), ends, { ...signaller, end })
  }

  #takeWorker(pid: number): ForkedProcess {
    const known = this.#workers.get(pid)
    if (known !== undefined) return known
    const worker = new ForkedProcess(pid)
    this.#workers.set(pid, worker)
    if (this.ended) worker.watch()
    void worker.ended.then(() => this.#workers.delete(pid))
    return worker
  }

  protected onOtherMessage(message: MessageFromWorker): void {
    if (message.type === 'forked') this.#onForked(message)
    else if (message.type === 'ended' && typeof message['pid'] === 'number')
      this.#workers.get(message['pid'])?.end(parseEnd(message))
  }

  #onForked(message: MessageFromWorker): void {
    const { worker: number, pid } = message
    // Its end may be told before the donor's.
    if (typeof pid === 'number') this.#takeWorker(pid)
    if (typeof number === 'number') this.#answers.get(number)?.(message)
  }
}

const GONE: MessageFromWorker = { type: 'forked', error: 'the template has ended' }
