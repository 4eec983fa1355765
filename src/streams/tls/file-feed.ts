import { readFileTexts, signFiles, type FileTexts } from './file-texts.ts'

/** Tells what is in files, and again each time that one of them has changed. */
export interface FileFeed {
  /** Called once. Resolves with what is in the files now; `listener` gets what is in them later. */
  start(listener: (texts: FileTexts) => void): Promise<FileTexts>
  /** Looks at once whether they have changed, and tells. */
  look(): Promise<void>
  stop(): void
}

/**
 * Between two looks at the files. They are looked at, not watched: what renews certificates changes links of folders, mounts
 * file systems and writes over networks, of which the system tells nothing.
 */
const INTERVAL_MS = 1000

/** Looks at files of this machine. */
export class LocalFileFeed implements FileFeed {
  readonly #paths: readonly string[]
  #listener: (texts: FileTexts) => void = () => {}
  #signature = ''
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #stopped = false

  constructor(paths: readonly string[]) {
    this.#paths = paths
  }

  async start(listener: (texts: FileTexts) => void): Promise<FileTexts> {
    this.#signature = await signFiles(this.#paths)
    const texts = await readFileTexts(this.#paths)
    this.#listener = listener
    this.#await()
    return texts
  }

  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #await(): void {
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.look().then(() => this.#await()), INTERVAL_MS).unref()
  }

  async #look(): Promise<void> {
    const signature = await signFiles(this.#paths)
    if (signature === this.#signature || this.#stopped) return
    const texts = await readFileTexts(this.#paths)
    // What is written meanwhile is read at the next look.
    this.#signature = signature
    if (!this.#stopped) this.#listener(texts)
  }
}
