import { write, writeSync } from 'node:fs'

/** What to do about lines that could not be written: try again soon or later, or give up. */
export type WriteVerdict = 'soon' | 'later' | 'over'

/** Where lines are written to. One write at a time. */
export interface LineTarget {
  /** Called before each whole number of lines, with their bytes. Must not throw. */
  prepare?(bytes: number): void
  /** `done` gets an error, or how many bytes were written. */
  write(
    bytes: Uint8Array,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ): void
  /** Writes bytes from an index on before it returns, and tells how many. Throws. */
  writeSync(bytes: Uint8Array, from: number): number
  judge(error: NodeJS.ErrnoException): WriteVerdict
}

/** A descriptor that somebody has opened for good. A closed reader (EPIPE) is not an error. */
export class DescriptorTarget implements LineTarget {
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
  }

  write(
    bytes: Uint8Array,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ): void {
    write(this.#fd, bytes, 0, bytes.length, null, done)
  }

  writeSync(bytes: Uint8Array, from: number): number {
    return writeSync(this.#fd, bytes, from)
  }

  judge(error: NodeJS.ErrnoException): WriteVerdict {
    // Another program may have made the terminal non-blocking.
    return error.code === 'EAGAIN' ? 'soon' : 'over'
  }
}
