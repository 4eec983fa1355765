import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { DEADLINE } from '../deadlines.ts'
import { openRaw, pollUntil, type Address } from '../raw-client.ts'

/** A program with its arguments. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
  /** Its own folder by default. */
  readonly cwd?: string
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** Grace period in ms before everything is killed. */
const GRACE = DEADLINE / 6

/** A program in a process group of its own, whose output is in the file `log` of its folder. */
export class PeerProgram {
  readonly #child: ChildProcess
  readonly #file: string
  readonly #ended: Promise<void>

  constructor({ program, args, cwd, env }: Command, folder: string) {
    this.#file = join(folder, 'log')
    // A file, because programs open /dev/stderr again, and a socket cannot be opened.
    const log = openSync(this.#file, 'a')
    this.#child = spawn(program, args, {
      cwd: cwd ?? folder,
      env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: folder, ...env },
      stdio: ['ignore', log, log],
      detached: true,
    })
    closeSync(log)
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', () => resolve()).once('error', () => resolve())
    })
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  get log(): string {
    return readFileSync(this.#file, 'utf8')
  }

  get #over(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.pid === -1
  }

  /** Resolves when it accepts connections; rejects with its output when it ends before or does not in time. */
  async waitUntilReady(address: Address): Promise<void> {
    await pollUntil(async () => {
      if (this.#over) throw new Error(`${this.#child.spawnfile} has ended:\n${this.log}`)
      const connection = await openRaw(address).catch(() => undefined)
      connection?.destroy()
      return connection
    }, `${this.#child.spawnfile} to listen`)
  }

  /** Resolves when nothing of it accepts connections any more, some moments after its end. */
  async waitUntilGone(address: Address): Promise<void> {
    await pollUntil(async () => {
      const connection = await openRaw(address).catch(() => undefined)
      connection?.destroy()
      return connection === undefined ? true : undefined
    }, `${this.#child.spawnfile} to be gone`)
  }

  /** Ends it, and then what is left of what it started; SIGKILL ends all at once. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (signal === 'SIGKILL') this.#killGroup()
    else if (!this.#over) this.#child.kill(signal)
    const timer = setTimeout(() => this.#killGroup(), GRACE)
    await this.#ended
    clearTimeout(timer)
    this.#killGroup()
  }

  #killGroup(): void {
    if (this.pid === -1) return
    try {
      process.kill(-this.pid, 'SIGKILL')
    } catch {
      // Nothing of it is left.
    }
  }
}
