import type { Socket } from 'node:net'

import type { Application } from '../../core/application.ts'
import type { InterruptMessage } from './overdue.ts'
import type { FrameHead, FrameSink } from '../../wire/frames.ts'
import { encodeControl, FrameDecoder, FrameType } from '../../wire/frames.ts'

/** The first message to a worker: what it has to load and to say in `wsgi.*`, and the options that it is told of. */
export interface ConfigureMessage {
  readonly type: 'configure'
  readonly multithread: boolean
  readonly multiprocess: boolean
  readonly serverSoftware: string
  readonly argv: readonly string[]
  readonly searchPath: readonly string[]
  readonly applications: readonly Application[]
  /** Names of those that are loaded first, and without any of which the worker ends. */
  readonly required: readonly string[]
}

/** What Node tells a worker. */
export type MessageToWorker =
  | ConfigureMessage
  | { readonly type: 'ping'; readonly id: number }
  | InterruptMessage
  | { readonly type: 'recall'; readonly thread: number }
  /** What requests have left to threads may go on for `patience` ms. */
  | { readonly type: 'stop'; readonly patience: number }

/** A JSON object from a worker; `type` says what else is in it. */
export interface MessageFromWorker {
  readonly type: string
  readonly [key: string]: unknown
}

/** Takes what comes over a control channel. */
export interface ControlListener {
  onMessage(message: MessageFromWorker): void
  /** The channel has ended, with the error if its bytes could not be read. Called once. */
  onEnd(error: Error | undefined): void
}

/** The control channel of one worker. */
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
      throw new Error(`frame ${frame.type} on the control channel`)
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

/** A text of a message, or `fallback` when there is none. */
export function textOf(message: MessageFromWorker, key: string, fallback = ''): string {
  const value = message[key]
  return typeof value === 'string' ? value : fallback
}
