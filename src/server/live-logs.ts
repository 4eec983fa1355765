import { isDeepStrictEqual } from 'node:util'
import type { AccessLog } from '../pipeline/access-log.ts'
import type { LogSettings } from '../replicas/messages.ts'
import type { ServerLogger } from '../telemetry/logger.ts'
import { openLogs, type Logs } from './open-logs.ts'

/** What an app and replicas are given of the logs. */
export interface GivenLogs {
  readonly settings: LogSettings
  /** Undefined: requests are not logged. */
  readonly accessLog: AccessLog | undefined
}

/** Other logs, which are open and not used yet. */
export interface NextLogs extends GivenLogs {
  /** From now on they are the logs. */
  use(): Promise<void>
  /** They are not needed. */
  close(): Promise<void>
}

/** The logs of a process whose settings may change; `logger` stays the same object. */
export class LiveLogs implements Logs, GivenLogs {
  readonly logger: ServerLogger
  #logs: Logs
  #settings: LogSettings

  /** Rejects as `openLogs` does. */
  static async open(settings: LogSettings): Promise<LiveLogs> {
    return new LiveLogs(settings, await openLogs(settings))
  }

  private constructor(settings: LogSettings, logs: Logs) {
    this.#settings = settings
    this.#logs = logs
    this.logger = followLogger(() => this.#logs.logger)
  }

  get settings(): LogSettings {
    return this.#settings
  }

  /** Requests that have begun with other settings are logged as later ones are. */
  get accessLog(): AccessLog | undefined {
    return this.#follow(this.#logs)
  }

  reopen(): void {
    this.#logs.reopen()
  }

  /** Opens other logs; undefined if the settings are those that there are. Rejects as `openLogs` does. */
  async prepareOther(settings: LogSettings): Promise<NextLogs | undefined> {
    if (isDeepStrictEqual(settings, this.#settings)) return undefined
    const next = await openLogs(settings)
    return {
      settings,
      accessLog: this.#follow(next),
      use: () => this.#use(settings, next),
      close: () => next.logger.close(),
    }
  }

  #follow({ accessLog }: Logs): AccessLog | undefined {
    if (accessLog === undefined) return undefined
    return (exchange, outcome) => this.#logs.accessLog?.(exchange, outcome)
  }

  async #use(settings: LogSettings, next: Logs): Promise<void> {
    const before = this.#logs
    // Lines of both may go to the same place, and what has been said before comes first.
    await before.logger.written()
    this.#logs = next
    this.#settings = settings
    await before.logger.close()
  }
}

/** A logger that is another one from time to time. */
function followLogger(find: () => ServerLogger): ServerLogger {
  return {
    debug: (fields, message) => find().debug(fields, message),
    info: (fields, message) => find().info(fields, message),
    warn: (fields, message) => find().warn(fields, message),
    error: (fields, message) => find().error(fields, message),
    output: (fields, message) => find().output(fields, message),
    isEnabled: (level) => find().isEnabled(level),
    announce: (message, fields) => find().announce(message, fields),
    relay: (lines) => find().relay(lines),
    flush: () => find().flush(),
    written: () => find().written(),
    close: () => find().close(),
  }
}
