import type { LogFields, Logger } from '../core/logger.ts'
import { OutputRecords, type ProcessOutput } from './output.ts'

const KEPT_RECORDS = 20
const CRASH = /^Fatal Python error:/

interface PrintedRecord {
  readonly stream: string
  readonly text: string
}

interface KeptRecord {
  readonly text: string
  /** Undefined for output that belongs to no request. */
  readonly request: string | undefined
  /** Requests finished before this record. */
  readonly finished: number
}

/** A log record that a process sends to Node instead of printing it. */
export interface ProcessRecord {
  readonly level: string
  readonly stream: string
  readonly text: string
  /** Id of the request it belongs to. */
  readonly request: string | undefined
  readonly traceback: string | undefined
  /** The Python logger it comes from. */
  readonly logger: string | undefined
  /** What the application has added to it. */
  readonly fields: LogFields
}

/** Names that fields of an application do not get, because they say something else. */
const TAKEN = new Set([
  'time',
  'level',
  'msg',
  'err',
  'stream',
  'logger',
  'request',
  'traceback',
  'worker',
])

/** Writes the output and the records of one process to the log, and keeps the last ones for the report of its death. */
export class ProcessLog {
  readonly #logger: Logger
  readonly #worker: string
  readonly #outputs: readonly OutputRecords[]
  readonly #kept: KeptRecord[] = []
  /** Tracebacks that it has printed last, while it starts: the report of a start that fails by them has them, too. */
  #held: PrintedRecord[] | undefined = []
  #finished = 0
  #tellsCrash = true

  constructor(logger: Logger, worker: string, outputs: readonly ProcessOutput[]) {
    this.#logger = logger
    this.#worker = worker
    this.#outputs = outputs.map(
      ({ name, stream }) =>
        new OutputRecords(stream, (text, failed) => this.#print(name, text, failed)),
    )
  }

  /** The last records, oldest first. */
  get last(): string[] {
    return this.#kept.map(({ text }) => text)
  }

  /** What Python's crash handler has written; empty if it has not. */
  get crash(): string {
    return this.#kept.findLast(({ text }) => CRASH.test(text))?.text ?? ''
  }

  /** The process will be ended by a signal: what the crash handler writes is for the record about that. */
  expectCrash(): void {
    this.#tellsCrash = false
  }

  /** The last records, for the report that its start failed: what is held is left to that. */
  takeLast(): string[] {
    this.#held = undefined
    return this.last
  }

  /** It has started, or has told why it cannot: tracebacks are written at once from now on. */
  release(): void {
    this.#writeHeld()
    this.#held = undefined
  }

  /** The last records of these requests, and those of no request since the last request finished. */
  lastOf(requests: readonly { readonly id: string }[]): string[] {
    const ids = new Set(requests.map(({ id }) => id))
    return this.#kept
      .filter(({ request, finished }) =>
        request === undefined ? finished === this.#finished : ids.has(request),
      )
      .map(({ text }) => text)
  }

  /** A request has finished: earlier output does not explain the death of the worker. */
  noteFinished(): void {
    this.#finished += 1
  }

  /** Writes a record that the process sent. */
  take({ level, stream, text, request, traceback, logger, fields: added }: ProcessRecord): void {
    const fields: Record<string, unknown> = { stream }
    for (const [name, value] of Object.entries(added)) fields[toFreeName(name)] = value
    if (logger !== undefined) fields['logger'] = logger
    if (request !== undefined) fields['request'] = request
    if (traceback !== undefined) fields['traceback'] = traceback
    this.#writeHeld()
    this.#keep(traceback === undefined ? text : `${text}\n${traceback}`, request)
    this.#write(level, fields, text)
  }

  /** Emits output that has no line end. */
  flush(): void {
    for (const output of this.#outputs) output.flush()
  }

  #print(stream: string, text: string, failed: boolean): void {
    this.#keep(text, undefined)
    if (!this.#tellsCrash && CRASH.test(text)) return
    if (failed && this.#held !== undefined) this.#hold({ stream, text })
    else {
      this.#writeHeld()
      this.#write(failed ? 'error' : 'output', { stream }, text)
    }
  }

  #hold(record: PrintedRecord): void {
    // The report of a failed start has no more than what is kept.
    if (this.#held?.length === KEPT_RECORDS) this.#writeHeld()
    this.#held?.push(record)
  }

  #writeHeld(): void {
    for (const { stream, text } of this.#held?.splice(0) ?? [])
      this.#write('error', { stream }, text)
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
    else if (level === 'output') this.#logger.output(all, text)
    else this.#logger.info(all, text)
  }
}

function toFreeName(name: string): string {
  return TAKEN.has(name) ? `${name}_` : name
}
