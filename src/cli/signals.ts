import { constants } from 'node:os'
import { TaipanError } from '../core/errors.ts'
import type { RunnableServer } from '../server/server.ts'
import type { ServerLogger } from '../telemetry/logger.ts'
import { removeEarlyHandlers } from './early-signals.ts'
import type { ServiceManager } from './service-manager.ts'
import type { Terminal } from './terminal.ts'

// The same signal may arrive twice: npm passes on the Ctrl-C that the terminal has sent already, and `timeout` signals
// both the process and its group.
const ECHO_MS = 100
const BELOW_NPM = process.stdin.isTTY && process.env['npm_command'] !== undefined

type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGQUIT'
type SignalledServer = Pick<RunnableServer, 'stop' | 'reload' | 'kill'>

/** What signals act on. */
export interface SignalOptions {
  readonly server: SignalledServer
  readonly logger: ServerLogger
  /** Opens log files anew. */
  readonly reopen: () => void
  readonly terminal: Terminal
  readonly manager: ServiceManager
}

/**
 * Handles signals while a server runs: SIGINT, SIGTERM and SIGQUIT stop gracefully, a second one at once; SIGHUP
 * reloads, or stops at the end of the terminal; SIGUSR1 opens log files anew; SIGUSR2 is only logged.
 * Disposing removes the handlers.
 */
export class SignalHandling implements Disposable {
  readonly #server: SignalledServer
  readonly #logger: ServerLogger
  readonly #reopenLogs: () => void
  readonly #terminal: Terminal
  readonly #manager: ServiceManager
  readonly #handlers = {
    SIGINT: () => this.#stop('SIGINT'),
    SIGTERM: () => this.#stop('SIGTERM'),
    SIGQUIT: () => this.#stop('SIGQUIT'),
    SIGHUP: () => this.#hangUpOrReload(),
    SIGUSR1: () => this.#reopen(),
    SIGUSR2: () => this.#logger.announce('SIGUSR2: ignored; SIGHUP reloads', { signal: 'SIGUSR2' }),
  }
  readonly #asked: Promise<void>
  #onAsked: (() => void) | undefined
  #askedAt = 0
  #ending: NodeJS.Timeout | undefined
  #stopping: Promise<void> | undefined
  /** The reload that was announced last; several calls may share one. */
  #reloading: Promise<void> | undefined

  constructor({ server, logger, reopen, terminal, manager }: SignalOptions) {
    this.#server = server
    this.#logger = logger
    this.#reopenLogs = reopen
    this.#terminal = terminal
    this.#manager = manager
    this.#asked = new Promise((resolve) => {
      this.#onAsked = resolve
    })
    for (const [signal, handler] of Object.entries(this.#handlers)) process.on(signal, handler)
    removeEarlyHandlers()
  }

  /** The stop in progress; undefined before a stop signal. */
  get stopping(): Promise<void> | undefined {
    return this.#stopping
  }

  /** Resolves when a stop signal has come and the stop is complete. */
  async waitForStop(): Promise<void> {
    await this.#asked
    await this.#stopping
  }

  /** Stops as SIGTERM does, because somebody has asked for it by the control address. */
  stopAsAsked(): void {
    if (this.#stopping === undefined)
      this.#beginStop('SIGTERM', 'taipan stop: stopping gracefully; SIGTERM stops at once')
  }

  [Symbol.dispose](): void {
    for (const [signal, handler] of Object.entries(this.#handlers)) process.off(signal, handler)
    clearTimeout(this.#ending)
  }

  #reopen(): void {
    this.#reopenLogs()
    this.#logger.announce('SIGUSR1: log files are opened again', { signal: 'SIGUSR1' })
  }

  #stop(signal: StopSignal): void {
    if (this.#stopping !== undefined) {
      this.#insist(signal)
      return
    }
    this.#beginStop(signal, `${signal}: stopping gracefully; a second signal stops at once`)
  }

  #beginStop(signal: NodeJS.Signals, text: string): void {
    this.#logger.announce(text, { signal })
    this.#manager.tellStopping()
    this.#askedAt = performance.now()
    this.#stopping = this.#server.stop()
    this.#onAsked?.()
  }

  #insist(signal: StopSignal): void {
    const left = this.#askedAt + ECHO_MS - performance.now()
    if (left <= 0) this.#exitNow(signal)
    // An idle server has stopped by then, so a repeated signal does no harm.
    else if (!BELOW_NPM) this.#ending ??= setTimeout(() => this.#exitNow(signal), left)
  }

  /** Shells, npm and the kernel may all send SIGHUP when a terminal closes. */
  #hangUpOrReload(): void {
    if (this.#stopping !== undefined) return
    if (!this.#terminal.hangsUp()) {
      this.#reload()
      return
    }
    this.#beginStop('SIGHUP', 'SIGHUP: the terminal closes: stopping gracefully')
    this.#terminal.release()
  }

  #reload(): void {
    const reloading = this.#server.reload()
    if (reloading === this.#reloading) return
    this.#reloading = reloading
    this.#logger.announce('SIGHUP: reloading', { signal: 'SIGHUP' })
    reloading.then(
      () => this.#logger.announce('reloaded'),
      (error: unknown) => this.#explainReload(error),
    )
  }

  #explainReload(error: unknown): void {
    // After a stop signal, failures are its consequence.
    if (this.#stopping !== undefined) return
    const early = error instanceof TaipanError && error.code === 'STOPPING'
    const reason = error instanceof Error ? error.message : String(error)
    if (early) this.#logger.announce('SIGHUP: nothing is reloaded, because the server is starting')
    else this.#logger.error({}, `SIGHUP: ${reason}`)
  }

  #exitNow(signal: StopSignal): void {
    this.#server.kill()
    this.#logger.announce(`${signal}: stopping at once`, { signal })
    this.#logger.flush()
    process.exit(128 + constants.signals[signal])
  }
}
