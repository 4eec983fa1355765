import { fstatSync, write, writeSync } from 'node:fs'

import { TaipanError } from '../core/errors.ts'
import { openAppended, type AppendedFile } from './appended-file.ts'
import type { LineTarget, WriteVerdict } from './line-target.ts'
import { findPeriod, isDue, putAside, removeOldest, type Rotation } from './rotation.ts'

/** Time between two complaints about the same file. */
const QUIET_MS = 60_000

/** A log file. */
export interface LogFileOptions {
  readonly path: string
  /** Undefined: somebody else puts the file aside, and asks for `reopen`. */
  readonly rotation: Rotation | undefined
  /** Told rarely: the file cannot be written, opened or put aside. */
  readonly onProblem: (message: string) => void
  /** Told once after such a problem. */
  readonly onRecovered: (message: string) => void
}

/** A file that lines are appended to; it can be put aside while they come, and none is lost. */
export class LogFile implements LineTarget {
  readonly #options: LogFileOptions
  #file: AppendedFile
  #bytes = 0
  #period = 0
  #busy = false
  #reopens = false
  #toldAt = -Infinity
  #failing = false
  /** No attempt to put the file aside before then. */
  #restsUntil = 0
  #removing = Promise.resolve()

  /** Opens or makes the file. Throws `CONFIG_INVALID`. */
  constructor(options: LogFileOptions) {
    this.#options = options
    try {
      this.#file = openAppended(options.path)
    } catch (error) {
      throw new TaipanError(
        'CONFIG_INVALID',
        `log.access.file: ${options.path} cannot be opened for writing: ${describe(error)}; choose another file, or make its folder and let this user write to it`,
        { cause: error },
      )
    }
    this.#begin()
  }

  /** Opens the path anew, because the file was renamed, as soon as what is being written is in the old one. */
  reopen(): void {
    this.#reopens = true
    if (!this.#busy) this.#reopenNow()
  }

  prepare(bytes: number): void {
    const { rotation } = this.#options
    if (this.#reopens) this.#reopenNow()
    if (rotation === undefined || performance.now() < this.#restsUntil) return
    if (isDue(rotation, { bytes: this.#bytes, period: this.#period }, bytes)) this.#rotate(rotation)
  }

  write(
    bytes: Uint8Array,
    done: (error: NodeJS.ErrnoException | null, written: number) => void,
  ): void {
    this.#busy = true
    write(this.#file.descriptor, bytes, 0, bytes.length, null, (error, written) => {
      this.#busy = false
      this.#bytes += written
      if (error === null) this.#recover()
      if (this.#reopens && written === bytes.length) this.#reopenNow()
      done(error, written)
    })
  }

  writeSync(bytes: Uint8Array, from: number): number {
    return writeSync(this.#file.descriptor, bytes, from)
  }

  judge(error: NodeJS.ErrnoException): WriteVerdict {
    this.#failing = true
    this.#complain(`cannot be written: ${describe(error)}; its lines are kept for a while`)
    return 'later'
  }

  /** Closes the file; nothing may be written any more. */
  close(): void {
    const file = this.#file
    // Older files are found by it until they are removed.
    void this.#removing.then(() => file.close())
  }

  #begin(): void {
    const { size, mtime } = fstatSync(this.#file.descriptor)
    const { rotation } = this.#options
    this.#bytes = size
    if (rotation !== undefined) this.#period = findPeriod(rotation, size === 0 ? new Date() : mtime)
  }

  #reopenNow(): void {
    this.#reopens = false
    let opened: AppendedFile
    try {
      opened = openAppended(this.#options.path)
    } catch (error) {
      this.#complain(`cannot be opened again: ${describe(error)}; the one that is open is used`)
      return
    }
    this.close()
    this.#file = opened
    this.#begin()
  }

  #rotate({ keep }: Rotation): void {
    try {
      putAside(this.#file.place)
    } catch (error) {
      this.#restsUntil = performance.now() + QUIET_MS
      this.#complain(`cannot be put aside: ${describe(error)}; it grows further`)
      return
    }
    this.#reopenNow()
    const { place } = this.#file
    // One after the other: two at once would look for the same files.
    this.#removing = this.#removing
      .then(() => removeOldest(place, keep))
      .catch((error: unknown) =>
        this.#complain(`has older files that cannot be removed: ${describe(error)}`),
      )
  }

  #complain(what: string): void {
    const now = performance.now()
    if (now - this.#toldAt < QUIET_MS) return
    this.#toldAt = now
    this.#options.onProblem(`log file ${this.#options.path} ${what}`)
  }

  #recover(): void {
    if (!this.#failing) return
    this.#failing = false
    this.#options.onRecovered(`log file ${this.#options.path} is written again`)
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
