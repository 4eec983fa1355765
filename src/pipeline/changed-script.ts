import { setTimeout as delay } from 'node:timers/promises'
import { endsWithin } from '../core/ends-within.ts'
import { forgetLooks, lookAt } from './looks.ts'

// A file that stays the same for so long, in ms, is written; and how often that is waited for.
const REST_MS = 50
const ROUNDS = 20
/** Longest wait for what is loaded, in ms: an import that takes longer stalls nobody. */
const PATIENCE_MS = 1000

/** A file with an application, which is loaded anew when a request finds it changed. */
export class ChangedScript {
  readonly #path: string
  readonly #reload: () => Promise<void>
  /** Version that was loaded, or tried, last. */
  #known: string | undefined
  #reloading = false

  /** `reload` never rejects. */
  constructor(path: string, reload: () => Promise<void>) {
    this.#path = path
    this.#reload = reload
    this.renew()
  }

  /** What is there now is about to be loaded. */
  renew(): void {
    forgetLooks()
    this.#known = this.#version
  }

  /**
   * Undefined: nothing has changed since it was loaded. The request that finds a change waits a moment for what comes of
   * it; others get the old code meanwhile. A version is tried once, when it has been written.
   */
  check(): Promise<unknown> | undefined {
    const version = this.#version
    // A file that is missing is about to be replaced.
    if (version === this.#known || version === undefined || this.#reloading) return undefined
    this.#known = version
    return endsWithin(this.#load(), PATIENCE_MS)
  }

  async #load(): Promise<void> {
    this.#reloading = true
    await this.#waitForWriter()
    this.#known = this.#version
    if (this.#known !== undefined) await this.#reload()
    this.#reloading = false
  }

  /** What is loaded is no half of a file, as far as that can be seen. */
  async #waitForWriter(): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      const before = this.#version
      await delay(REST_MS)
      forgetLooks()
      if (this.#version === before) return
    }
  }

  get #version(): string | undefined {
    return readVersion(this.#path)
  }
}

/** Differs whenever a file was changed or replaced; undefined when there is none. */
export function readVersion(path: string): string | undefined {
  const facts = lookAt(path)
  return facts && `${facts.mtimeMs} ${facts.size} ${facts.ino}`
}
