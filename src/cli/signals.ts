import { constants } from 'node:os'
import type { RunnableServer } from '../server/server.ts'
import type { ServerLogger } from '../telemetry/logger.ts'

// One stop may come twice: below npx and npm a Ctrl-C from the terminal and handed on by npm, and from `timeout` to the
// process and to its group.
const ECHO_MS = 100
const BELOW_NPM = process.stdin.isTTY && process.env['npm_command'] !== undefined

type SignalledServer = Pick<RunnableServer, 'stop' | 'reload' | 'kill'>

/**
 * What signals do while a server runs: SIGINT and SIGTERM stop gracefully, the second one at once; SIGHUP reloads.
 * Disposing gives the signals back.
 */
export class SignalHandling implements Disposable {
  readonly #server: SignalledServer
  readonly #logger: ServerLogger
  readonly #handlers = {
    SIGINT: () => this.#stop('SIGINT'),
    SIGTERM: () => this.#stop('SIGTERM'),
    SIGHUP: () => this.#reload(),
  }
  readonly #asked: Promise<void>
  #onAsked: (() => void) | undefined
  #askedAt = 0
  #ending: NodeJS.Timeout | undefined
  #stopping: Promise<void> | undefined

  constructor(server: SignalledServer, logger: ServerLogger) {
    this.#server = server
    this.#logger = logger
    this.#asked = new Promise((resolve) => {
      this.#onAsked = resolve
    })
    for (const [signal, handler] of Object.entries(this.#handlers)) process.on(signal, handler)
  }

  /** The stop in progress, once a signal has asked for it. */
  get stopping(): Promise<void> | undefined {
    return this.#stopping
  }

  /** Resolves when a signal has asked for a stop and it is over. */
  async waitForStop(): Promise<void> {
    await this.#asked
    await this.#stopping
  }

  [Symbol.dispose](): void {
    for (const [signal, handler] of Object.entries(this.#handlers)) process.off(signal, handler)
    clearTimeout(this.#ending)
  }

  #stop(signal: 'SIGINT' | 'SIGTERM'): void {
    if (this.#stopping !== undefined) {
      this.#insist(signal)
      return
    }
    this.#logger.announce(`${signal}: stopping gracefully, once more ends at once`, { signal })
    this.#askedAt = performance.now()
    this.#stopping = this.#server.stop()
    this.#onAsked?.()
  }

  #insist(signal: 'SIGINT' | 'SIGTERM'): void {
    const left = this.#askedAt + ECHO_MS - performance.now()
    if (left <= 0) this.#exitNow(signal)
    // What is idle has stopped by then, and an echo does no harm.
    else if (!BELOW_NPM) this.#ending ??= setTimeout(() => this.#exitNow(signal), left)
  }

  #reload(): void {
    this.#logger.announce('SIGHUP: reloading', { signal: 'SIGHUP' })
    this.#server.reload().then(
      () => this.#logger.announce('reloaded'),
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error)
        this.#logger.error({}, `SIGHUP: ${reason}`)
      },
    )
  }

  #exitNow(signal: 'SIGINT' | 'SIGTERM'): void {
    this.#server.kill()
    this.#logger.announce(`${signal}: ending at once`, { signal })
    this.#logger.flush()
    process.exit(128 + constants.signals[signal])
  }
}
