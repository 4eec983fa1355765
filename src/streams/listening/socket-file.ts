import { lstatSync, renameSync, unlinkSync } from 'node:fs'

/** The file of a Unix socket that this process has bound, as long as no other one has taken its place. */
export class SocketFile {
  readonly #path: string
  readonly #identity: string | undefined

  constructor(path: string) {
    this.#path = path
    this.#identity = identify(path)
  }

  /** Removes it. */
  remove(): void {
    if (!this.#isThere) return
    try {
      unlinkSync(this.#path)
    } catch {
      // Another process has removed it.
    }
  }

  /** Calls `close`, by which libuv removes whatever is at the path, so that a file of somebody else stays. */
  closeWith(close: () => void): void {
    if (this.#isThere) close()
    else this.keepDuring(close)
  }

  /** As `closeWith`, but the file stays in any case. */
  keepDuring(close: () => void): void {
    const aside = `${this.#path}.${process.pid}`
    const moved = rename(this.#path, aside)
    close()
    if (moved) rename(aside, this.#path)
  }

  get #isThere(): boolean {
    return this.#identity !== undefined && identify(this.#path) === this.#identity
  }
}

function identify(path: string): string | undefined {
  try {
    const { dev, ino, birthtimeNs } = lstatSync(path, { bigint: true })
    return `${dev}:${ino}:${birthtimeNs}`
  } catch {
    return undefined
  }
}

function rename(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch {
    return false
  }
}
