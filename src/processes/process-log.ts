import type { LogFields, Logger } from '../core/logger.ts'
import type { MessageFromWorker } from '../backends/group/control-channel.ts'
import { textOf } from '../backends/group/control-channel.ts'
import { OutputRecords } from './output.ts'
import type { HostOutput } from '../backends/group/host.ts'

const KEPT_RECORDS = 20

interface KeptRecord {
  readonly text: string
  /** Undefined for what belongs to no request. */
  readonly request: string | undefined
  /** Requests that had been finished before. */
  readonly finished: number
}

/** Carries what one worker prints and reports to the log, and keeps the last of it for the record of its death. */
export class ProcessLog {
  readonly #logger: Logger
  readonly #worker: string
  readonly #outputs: readonly OutputRecords[]
  readonly #kept: KeptRecord[] = []
  #finished = 0

  constructor(logger: Logger, worker: string, outputs: readonly HostOutput[]) {
    this.#logger = logger
    this.#worker = worker
    this.#outputs = outputs.map(
      ({ name, stream }) => new OutputRecords(stream, (text) => this.#take(name, text)),
    )
  }

  /** The last records, oldest first. */
  get last(): string[] {
    return this.#kept.map(({ text }) => text)
  }

  /** Of the last records those of these requests, and since a request was finished those of none. */
  lastOf(requests: readonly { readonly id: string }[]): string[] {
    const ids = new Set(requests.map(({ id }) => id))
    return this.#kept
      .filter(({ request, finished }) =>
        request === undefined ? finished === this.#finished : ids.has(request),
      )
      .map(({ text }) => text)
  }

  /** A request is finished: what it printed does not tell why the worker ends. */
  noteFinished(): void {
    this.#finished += 1
  }

  /** Writes a `log` message of the control channel. */
  takeMessage(message: MessageFromWorker): void {
    const { request, traceback } = message
    const fields: Record<string, unknown> = { stream: textOf(message, 'stream', 'worker') }
    const id = typeof request === 'string' ? request : undefined
    if (id !== undefined) fields['request'] = id
    if (typeof traceback === 'string') fields['traceback'] = traceback
    const text = textOf(message, 'text')
    this.#keep(typeof traceback === 'string' ? `${text}\n${traceback}` : text, id)
    this.#write(textOf(message, 'level', 'info'), fields, text)
  }

  /** Gives out what was printed without a final line end. */
  flush(): void {
    for (const output of this.#outputs) output.flush()
  }

  #take(stream: string, text: string): void {
    this.#keep(text, undefined)
    this.#write('info', { stream }, text)
  }

  #keep(text: string, request: string | undefined): void {
    this.#kept.push({ text, request, finished: this.#finished })
    if (this.#kept.length > KEPT_RECORDS) this.#kept.shift()
  }

  #write(level: string, fields: LogFields, text: string): void {
    const all = { ...fields, worker: this.#worker }
    if (level === 'error') this.#logger.error(all, text)
    else if (level === 'warning') this.#logger.warn(all, text)
    else if (level === 'debug') this.#logger.debug(all, text)
    else this.#logger.info(all, text)
  }
}
