import type { LogFields, Logger } from '../core/logger.ts'
import { OutputRecords, type ProcessOutput } from './output.ts'

const KEPT_RECORDS = 20

interface KeptRecord {
  readonly text: string
  /** Undefined for what belongs to no request. */
  readonly request: string | undefined
  /** Requests that had been finished before. */
  readonly finished: number
}

/** A record that a process sends instead of printing it. */
export interface ProcessRecord {
  readonly level: string
  readonly stream: string
  readonly text: string
  /** Id of the request it belongs to. */
  readonly request: string | undefined
  readonly traceback: string | undefined
}

/** Carries what one process prints and reports to the log, and keeps the last of it for the record of its death. */
export class ProcessLog {
  readonly #logger: Logger
  readonly #worker: string
  readonly #outputs: readonly OutputRecords[]
  readonly #kept: KeptRecord[] = []
  #finished = 0

  constructor(logger: Logger, worker: string, outputs: readonly ProcessOutput[]) {
    this.#logger = logger
    this.#worker = worker
    this.#outputs = outputs.map(
      ({ name, stream }) => new OutputRecords(stream, (text) => this.#print(name, text)),
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

  /** Writes a record that the process itself has made. */
  take({ level, stream, text, request, traceback }: ProcessRecord): void {
    const fields: Record<string, unknown> = { stream }
    if (request !== undefined) fields['request'] = request
    if (traceback !== undefined) fields['traceback'] = traceback
    this.#keep(traceback === undefined ? text : `${text}\n${traceback}`, request)
    this.#write(level, fields, text)
  }

  /** Gives out what was printed without a final line end. */
  flush(): void {
    for (const output of this.#outputs) output.flush()
  }

  #print(stream: string, text: string): void {
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
