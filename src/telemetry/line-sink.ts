import { write, writeSync } from 'node:fs'

/** Where finished log lines go. */
export interface LogDestination {
  /** Takes whole lines, each with its line end. Must not throw. */
  write(lines: string): void
}

const COLLECT_MS = 5
const RETRY_MS = 20
const MAX_CHARACTERS = 8 * 1024 * 1024
const FINAL_PATIENCE_MS = 1000

/**
 * Writes lines to a file descriptor without ever waiting for it: lines of a few milliseconds leave in one
 * write, what a slow reader has not taken is held up to 8 MB, and beyond that lines are dropped and counted.
 * A reader that is gone (EPIPE) is not an error.
 */
export class LineSink implements LogDestination {
  readonly #fd: number
  readonly #onDropped: (count: number) => void
  readonly #onExit = (): void => this.flush()
  #text = ''
  #inFlight: Buffer | undefined
  #sentAt = 0
  #timer: NodeJS.Timeout | undefined
  #dropped = 0
  #broken = false
  #idleWaiters: (() => void)[] = []

  /** `onDropped` is told how many lines were lost once there is room again. */
  constructor(fd: number, onDropped: (count: number) => void = () => {}) {
    this.#fd = fd
    this.#onDropped = onDropped
    process.on('exit', this.#onExit)
  }

  write(lines: string): void {
    if (this.#broken) return
    if (this.#text.length + lines.length > MAX_CHARACTERS) {
      this.#dropped += 1
      return
    }
    this.#text += lines
    if (this.#inFlight === undefined) this.#wakeIn(COLLECT_MS)
  }

  /** Writes what is left before it returns, as far as the reader takes it within a second. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const rest = Buffer.from(this.#text)
    this.#text = ''
    // A reader that has taken nothing for so long would hold the process for ever.
    const stuck =
      this.#inFlight !== undefined && performance.now() - this.#sentAt > FINAL_PATIENCE_MS
    if (!this.#broken && !stuck) this.#writeNow(rest)
  }

  /** Resolves once everything is written, or after a second. */
  async written(): Promise<void> {
    this.#send()
    if (this.#inFlight === undefined) return
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, FINAL_PATIENCE_MS).unref()
      this.#idleWaiters.push(() => {
        clearTimeout(patience)
        resolve()
      })
    })
  }

  /** As `written`; lines that come later are written as well, but without a promise. */
  async close(): Promise<void> {
    process.off('exit', this.#onExit)
    await this.written()
  }

  #wakeIn(milliseconds: number): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#send()
    }, milliseconds)
    this.#timer.unref()
  }

  #send(): void {
    if (this.#inFlight !== undefined) return
    if (this.#text === '' || this.#broken) {
      this.#wakeIdleWaiters()
      return
    }
    this.#inFlight = Buffer.from(this.#text)
    this.#text = ''
    this.#sentAt = performance.now()
    this.#writeInFlight()
  }

  #writeInFlight(): void {
    const buffer = this.#inFlight
    if (buffer === undefined) return
    write(this.#fd, buffer, 0, buffer.length, null, (error, written) => {
      if (error !== null) this.#retryOrGiveUp(error)
      else if (written < buffer.length) {
        this.#inFlight = buffer.subarray(written)
        this.#writeInFlight()
      } else {
        this.#inFlight = undefined
        this.#reportDropped()
        this.#send()
      }
    })
  }

  #retryOrGiveUp(error: NodeJS.ErrnoException): void {
    // Terminals are often non-blocking because another program made them so.
    if (error.code === 'EAGAIN') {
      setTimeout(() => this.#writeInFlight(), RETRY_MS).unref()
      return
    }
    this.#broken = true
    this.#inFlight = undefined
    this.#text = ''
    this.#wakeIdleWaiters()
  }

  #wakeIdleWaiters(): void {
    for (const wake of this.#idleWaiters.splice(0)) wake()
  }

  #reportDropped(): void {
    if (this.#dropped === 0) return
    const count = this.#dropped
    this.#dropped = 0
    this.#onDropped(count)
  }

  #writeNow(buffer: Buffer): void {
    const deadline = performance.now() + FINAL_PATIENCE_MS
    let done = 0
    while (done < buffer.length) {
      try {
        done += writeSync(this.#fd, buffer, done)
      } catch (error) {
        const again = error instanceof Error && 'code' in error && error.code === 'EAGAIN'
        if (!again || performance.now() > deadline) return
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS)
      }
    }
  }
}
