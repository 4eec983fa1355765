import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { TaipanError } from '../../../core/errors.ts'
import type { ProcessGroup } from '../../../core/process-group.ts'
import type { PythonProcess } from '../../group/host.ts'
import {
  isMessage,
  type MessageFromSteward,
  type MessageToSteward,
  type StewardSignal,
} from './messages.ts'
import { StewardedProcess } from './stewarded-process.ts'

// Node itself can run only the built program; the path is the same from `src/` and from `dist/`.
const PROGRAM = fileURLToPath(
  new URL('../../../../dist/backends/daemon/steward/steward-program.js', import.meta.url),
)

/**
 * Keeps the rights that the server gives up, in a process of its own that does one thing: it starts the workers of the
 * groups that it was told of at first, and signals them.
 */
export class Steward {
  readonly #child: ChildProcess
  readonly #starting = new Map<number, Starting>()
  readonly #running = new Map<number, StewardedProcess>()
  #workers = 0
  #ended = false

  /** Starts it with the groups whose workers it may start. Rejects with `INTERNAL`. */
  static async start(groups: readonly ProcessGroup[]): Promise<Steward> {
    const child = fork(PROGRAM, [], {
      detached: true,
      execArgv: [],
      cwd: '/',
      env: {},
      serialization: 'json',
    })
    const steward = new Steward(child)
    steward.#send({ type: 'groups', groups })
    const [answer] = await Promise.race([once(child, 'message'), once(child, 'exit')])
    if (!isMessage(answer))
      throw new TaipanError('INTERNAL', 'the process that starts workers has ended')
    return steward
  }

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (message: MessageFromSteward, end) => {
      this.#take(message, end instanceof Socket ? end : undefined)
    })
    child.on('exit', () => this.#onExit())
    // It lives as long as this process.
    child.unref()
    child.channel?.unref()
  }

  /** Starts a worker or a template of a group. Rejects with PYTHON_START. */
  readonly startProcess = async (group: ProcessGroup): Promise<PythonProcess> => {
    if (this.#ended) throw createGoneError(group.name)
    const id = ++this.#workers
    return await new Promise<PythonProcess>((resolve, reject) => {
      this.#starting.set(id, { group, ends: [], resolve, reject })
      this.#send({ type: 'start', id, group: group.name })
    })
  }

  /** Ends it, and with it what it has started. */
  stop(): void {
    if (this.#child.connected) this.#child.disconnect()
  }

  #take(message: MessageFromSteward, end: Socket | undefined): void {
    if (message.type === 'ready') return
    const starting = this.#starting.get(message.id)
    const running = this.#running.get(message.id)
    if (message.type === 'end' && end !== undefined) starting?.ends.push(end)
    else if (message.type === 'started') this.#admit(message, starting)
    else if (message.type === 'failed') {
      this.#starting.delete(message.id)
      starting?.reject(new TaipanError('PYTHON_START', message.message))
    } else if (message.type === 'ended')
      running?.noteEnd({ code: message.code, signal: message.signal })
    else if (message.type === 'alone') {
      running?.noteAlone()
      this.#running.delete(message.id)
    }
  }

  #admit({ id, pid }: { readonly id: number; readonly pid: number }, starting?: Starting): void {
    if (starting === undefined) return
    this.#starting.delete(id)
    const { ends, resolve } = starting
    const send = (signal: StewardSignal) => this.#send({ type: 'signal', id, signal })
    const process = new StewardedProcess(pid, ends.slice(0, 2), send)
    this.#running.set(id, process)
    resolve({ handle: process, sockets: ends.slice(2) })
  }

  #send(message: MessageToSteward): void {
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  #onExit(): void {
    this.#ended = true
    for (const { group, reject } of this.#starting.values()) reject(createGoneError(group.name))
    this.#starting.clear()
    for (const process of this.#running.values()) process.noteLost()
    this.#running.clear()
  }
}

interface Starting {
  readonly group: ProcessGroup
  /** Its sockets in the order of their descriptors, from 1 up. */
  readonly ends: Socket[]
  readonly resolve: (started: PythonProcess) => void
  readonly reject: (error: Error) => void
}

function createGoneError(group: string): TaipanError {
  return new TaipanError(
    'PYTHON_START',
    `workers of group ${group} can no longer be started: the process that kept the rights of root for that has ended; restart the server`,
  )
}
