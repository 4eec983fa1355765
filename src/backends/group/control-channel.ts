import type { Socket } from 'node:net'

import type { Application } from '../../core/application.ts'
import type { Isolation } from '../../core/isolation.ts'
import type { RestartReason } from '../../core/restart-reason.ts'
import type { Demands } from '../../core/process-group.ts'
import type { InterruptMessage } from './overdue.ts'
import type { FrameHead, FrameSink } from '../../wire/frames.ts'
import { encodeControl, FrameDecoder, FrameType } from '../../wire/frames.ts'

/** The first message to a worker: the applications to load, values of `wsgi.*`, and options. */
export interface ConfigureMessage extends Demands {
  readonly type: 'configure'
  readonly isolation: Isolation
  readonly multithread: boolean
  readonly multiprocess: boolean
  readonly mainThread: boolean
  /** How many there are of it. */
  readonly processes: number
  readonly serverSoftware: string
  readonly argv: readonly string[]
  readonly searchPath: readonly string[]
  readonly applications: readonly Application[]
  /** Name of the process group. */
  readonly group: string
  /** A request loads the changed file of what could not be loaded; otherwise `changed` asks for a new process. */
  readonly loadsChanges: boolean
  /** It forks workers from itself, and serves nothing. */
  readonly template?: true
}

/** Messages from Node to a worker. */
export type MessageToWorker =
  | ConfigureMessage
  | { readonly type: 'ping'; readonly id: number }
  | InterruptMessage
  | { readonly type: 'recall'; readonly thread: number }
  | {
      readonly type: 'stacks'
      readonly id: number
      /** Number of each stream, and id of its request. */
      readonly streams: readonly (readonly [number, string])[]
    }
  /** It will be asked to stop; applications are told, so that open responses can end. */
  | { readonly type: 'stopping'; readonly reason?: RestartReason }
  /** To a template, about a worker of it. */
  | { readonly type: 'signal'; readonly pid: number; readonly signal: string }
  /** Another worker has ended. */
  | { readonly type: 'childExit'; readonly pid: number }
  /** Threads that requests started may run for `patience` ms. */
  | { readonly type: 'stop'; readonly patience: number }

/** A message from a worker; `type` determines the other keys. */
export interface MessageFromWorker {
  readonly type: string
  readonly [key: string]: unknown
}

/** Receives the messages of a control channel. */
export interface ControlListener {
  onMessage(message: MessageFromWorker): void
  /** The channel has ended, with an error if its bytes were invalid. Called once. */
  onEnd(error: Error | undefined): void
}

/** The control channel of a worker. */
export class ControlChannel implements FrameSink {
  readonly #socket: Socket
  readonly #listener: ControlListener
  readonly #decoder = new FrameDecoder(this)
  #ended = false

  constructor(socket: Socket, listener: ControlListener) {
    this.#socket = socket
    this.#listener = listener
    socket.on('data', this.#onChunk)
    socket.on('error', this.#end)
    socket.on('close', () => this.#end())
  }

  send(message: MessageToWorker): void {
    if (!this.#ended) this.#socket.write(encodeControl(message))
  }

  destroy(): void {
    this.#socket.destroy()
  }

  onFrame(frame: FrameHead, chunk: Buffer, start: number, end: number): void {
    if (frame.type !== FrameType.CONTROL)
      throw new Error(`unexpected frame of type ${frame.type} on the control channel`)
    const message: unknown = JSON.parse(chunk.toString('utf8', start, end))
    if (!isMessage(message)) throw new Error('a control message without a type')
    this.#listener.onMessage(message)
  }

  readonly #onChunk = (chunk: Buffer): void => {
    try {
      this.#decoder.push(chunk)
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)))
    }
  }

  readonly #end = (error?: Error): void => {
    if (this.#ended) return
    this.#ended = true
    this.#decoder.stop()
    this.#socket.destroy()
    this.#listener.onEnd(error)
  }
}

function isMessage(value: unknown): value is MessageFromWorker {
  return (
    typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
  )
}

/** A text in a message; `fallback` if there is none. */
export function textOf(message: MessageFromWorker, key: string, fallback = ''): string {
  const value = message[key]
  return typeof value === 'string' ? value : fallback
}
