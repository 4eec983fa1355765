import { readdir, readFile } from 'node:fs/promises'
import { loadSystemFfi, type SystemFfi } from '../native/system-ffi.ts'
import type { Logger } from '../core/logger.ts'

// Node removes its own children at once, so whoever stays for so long is not one of them.
const PAUSE_MS = 1000

/** Removes ended processes that this one has inherited as PID 1, for as long as it runs. */
export async function reapOrphans(logger: Logger): Promise<void> {
  try {
    new OrphanReaper(await loadSystemFfi()).start()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    logger.warn(
      { reason },
      'ended processes whose parents are gone stay as zombies, because koffi cannot be loaded; start with an init, as docker run --init does',
    )
  }
}

class OrphanReaper {
  readonly #ffi: SystemFfi
  #waits = false
  #seen: ReadonlySet<number> = new Set()

  constructor(ffi: SystemFfi) {
    this.#ffi = ffi
  }

  start(): void {
    process.on('SIGCHLD', () => this.#lookLater())
    this.#lookLater()
  }

  #lookLater(): void {
    if (this.#waits) return
    this.#waits = true
    setTimeout(() => void this.#look(), PAUSE_MS).unref()
  }

  /** Reaps those that have been there before; the others may be Node's. */
  async #look(): Promise<void> {
    const zombies = await listZombies()
    const orphans = zombies.filter((pid) => this.#seen.has(pid))
    for (const pid of orphans) this.#ffi.reap(pid)
    this.#seen = new Set(zombies.filter((pid) => !orphans.includes(pid)))
    this.#waits = false
    if (this.#seen.size > 0) this.#lookLater()
  }
}

/** Children of this process that have ended and were not waited for. */
async function listZombies(): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [])
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number)
  const states = await Promise.all(pids.map(isZombieHere))
  return pids.filter((_, index) => states[index])
}

async function isZombieHere(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The name of the program stands in parentheses, and may have some itself.
  const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' && Number(parent) === process.pid
}
