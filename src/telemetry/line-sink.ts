import { DescriptorTarget, type LineTarget } from './line-target.ts'

/** Destination of formatted log lines. */
export interface LogDestination {
  /** Accepts whole lines, each with its line end. Must not throw. */
  write(lines: string): void
}

const COLLECT_MS = 5
const RETRY_MS = 20
const LATER_MS = 1000
const MAX_CHARACTERS = 8 * 1024 * 1024
const FINAL_PATIENCE_MS = 1000

/**
 * Writes lines without blocking. Lines of a few milliseconds leave in one write. Up to 8 MB are buffered for a slow
 * reader, or while nothing can be written; more lines are dropped and counted.
 */
export class LineSink implements LogDestination {
  readonly #target: LineTarget
  readonly #onDropped: (count: number) => void
  readonly #onExit = (): void => this.flush()
  #text = ''
  #inFlight: Buffer | undefined
  #sentAt = 0
  #timer: NodeJS.Timeout | undefined
  #dropped = 0
  #broken = false
  #idleWaiters: (() => void)[] = []

  /** `target` may be a descriptor; `onDropped` gets the number of dropped lines when there is room again. */
  constructor(target: number | LineTarget, onDropped: (count: number) => void = () => {}) {
    this.#target = typeof target === 'number' ? new DescriptorTarget(target) : target
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

  /** Writes what is buffered before it returns, as far as the reader accepts it within a second. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const rest = Buffer.from(this.#text)
    this.#text = ''
    // A blocking write to a reader that accepted nothing for so long might never return.
    const stuck =
      this.#inFlight !== undefined && performance.now() - this.#sentAt > FINAL_PATIENCE_MS
    if (!this.#broken && !stuck) this.#writeNow(rest)
  }

  /** Resolves when everything is written, or after a second. */
  async written(): Promise<void> {
    this.#send()
    if (this.#inFlight === undefined) return
    await new Promise<void>((resolve) => {
      // Keeps the process alive: one that ends while something awaits has an exit code of Node.
      const patience = setTimeout(resolve, FINAL_PATIENCE_MS)
      this.#idleWaiters.push(() => {
        clearTimeout(patience)
        resolve()
      })
    })
  }

  /** As `written`; later lines are still written, but may be lost at the end of the process. */
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
    this.#target.prepare?.(this.#inFlight.length)
    this.#writeInFlight()
  }

  #writeInFlight(): void {
    const buffer = this.#inFlight
    if (buffer === undefined) return
    this.#target.write(buffer, (error, written) => {
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
    const verdict = this.#target.judge(error)
    if (verdict !== 'over') {
      setTimeout(() => this.#writeInFlight(), verdict === 'soon' ? RETRY_MS : LATER_MS).unref()
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
        done += this.#target.writeSync(buffer, done)
      } catch (error) {
        const again = error instanceof Error && 'code' in error && error.code === 'EAGAIN'
        if (!again || performance.now() > deadline) return
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS)
      }
    }
  }
}
