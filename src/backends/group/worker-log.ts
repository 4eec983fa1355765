import type { LogFields, Logger } from '../../core/logger.ts'
import type { MessageFromWorker } from './control-channel.ts'
import { textOf } from './control-channel.ts'
import { OutputRecords } from './output.ts'
import type { HostOutput } from './host.ts'

const KEPT_RECORDS = 20

/** Carries what one worker prints and reports to the log, and keeps the last of it for the record of its death. */
export class WorkerLog {
  /** The last records, oldest first. */
  readonly last: string[] = []
  readonly #logger: Logger
  readonly #worker: string
  readonly #outputs: readonly OutputRecords[]

  constructor(logger: Logger, worker: string, outputs: readonly HostOutput[]) {
    this.#logger = logger
    this.#worker = worker
    this.#outputs = outputs.map(
      ({ name, stream }) => new OutputRecords(stream, (text) => this.#take(name, text)),
    )
  }

  /** Writes a `log` message of the control channel. */
  takeMessage(message: MessageFromWorker): void {
    const { request, traceback } = message
    const fields: Record<string, unknown> = { stream: textOf(message, 'stream', 'worker') }
    if (typeof request === 'string') fields['request'] = request
    if (typeof traceback === 'string') fields['traceback'] = traceback
    const text = textOf(message, 'text')
    this.#keep(typeof traceback === 'string' ? `${text}\n${traceback}` : text)
    this.#write(textOf(message, 'level', 'info'), fields, text)
  }

  /** Gives out what was printed without a final line end. */
  flush(): void {
    for (const output of this.#outputs) output.flush()
  }

  #take(stream: string, text: string): void {
    this.#keep(text)
    this.#write('info', { stream }, text)
  }

  #keep(text: string): void {
    this.last.push(text)
    if (this.last.length > KEPT_RECORDS) this.last.shift()
  }

  #write(level: string, fields: LogFields, text: string): void {
    const all = { ...fields, worker: this.#worker }
    if (level === 'error') this.#logger.error(all, text)
    else if (level === 'warning') this.#logger.warn(all, text)
    else if (level === 'debug') this.#logger.debug(all, text)
    else this.#logger.info(all, text)
  }
}
