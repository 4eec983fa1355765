import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

const LINE_LIMIT = 64 * 1024
const RECORD_LIMIT = 256 * 1024
const IDLE_MS = 100

/** What a process prints to its file descriptors 1 and 2. */
export interface ProcessOutput {
  readonly name: 'stdout' | 'stderr'
  readonly stream: Readable
}

const TRACEBACK = /^\s*(\+ )?(Exception Group )?Traceback \(most recent call last\):/
const FATAL = /^(Fatal Python error:|(Current )?[Tt]hread 0x)/
const CHAINED = /^(During handling of the above exception|The above exception was the direct cause)/

/**
 * Splits the output of a process into log records: one per line, but one for a whole Python traceback with the
 * exceptions chained to it. Lines over 64 KiB are split. `onRecord` is told whether it is a traceback, or Python's report of a crash.
 */
export class OutputRecords {
  readonly #onRecord: (text: string, failed: boolean) => void
  readonly #decoder = new StringDecoder('utf8')
  #line = ''
  #record: string[] = []
  #recordLength = 0
  /** The line with the name of the exception has been read. */
  #named = false
  #fatal = false
  #timer: NodeJS.Timeout | undefined

  constructor(stream: Readable, onRecord: (text: string, failed: boolean) => void) {
    this.#onRecord = onRecord
    stream.on('data', (chunk: Buffer) => this.#take(this.#decoder.write(chunk)))
    stream.on('error', () => this.flush())
    stream.on('end', () => this.flush())
  }

  /** Emits an incomplete record, because no more output will come. */
  flush(): void {
    if (this.#line !== '') this.#takeLine(this.#line)
    this.#line = ''
    this.#endRecord()
  }

  #take(text: string): void {
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#takeLine(this.#line + text.slice(start, end))
      this.#line = ''
      start = end + 1
    }
    this.#line += text.slice(start)
    while (this.#line.length > LINE_LIMIT) {
      this.#takeLine(this.#line.slice(0, LINE_LIMIT))
      this.#line = this.#line.slice(LINE_LIMIT)
    }
  }

  #takeLine(raw: string): void {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (this.#record.length > 0 && this.#continues(line)) this.#append(line)
    else {
      this.#endRecord()
      this.#fatal = FATAL.test(line)
      if (this.#fatal || TRACEBACK.test(line)) this.#append(line)
      else if (line !== '') this.#onRecord(line, false)
    }
  }

  #continues(line: string): boolean {
    if (this.#recordLength + line.length > RECORD_LIMIT) return false
    if (this.#fatal || line === '' || /^\s/.test(line)) return true
    if (CHAINED.test(line) || TRACEBACK.test(line)) {
      this.#named = false
      return true
    }
    if (this.#named) return false
    this.#named = true
    return true
  }

  #append(line: string): void {
    this.#record.push(line)
    this.#recordLength += line.length + 1
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#endRecord(), IDLE_MS)
    this.#timer.unref()
  }

  #endRecord(): void {
    clearTimeout(this.#timer)
    if (this.#record.length === 0) return
    const text = this.#record.join('\n').trimEnd()
    this.#record = []
    this.#recordLength = 0
    this.#named = false
    this.#fatal = false
    this.#onRecord(text, true)
  }
}
