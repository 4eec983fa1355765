import { constants } from 'node:os'
import type { Server } from '../server/server.ts'
import type { ServerLogger } from '../telemetry/logger.ts'

/** What signals do while a server runs. Disposing gives them back. */
export interface SignalHandling extends Disposable {
  /** The stop in progress, once a signal has asked for it. */
  readonly stopping: Promise<void> | undefined
  /** Resolves when a signal has asked for a stop and it is over. */
  waitForStop(): Promise<void>
}

// Below npx and npm one Ctrl-C comes twice: from the terminal and handed on by npm.
const ECHO_MS = 100

/** SIGINT and SIGTERM stop gracefully, the second one at once; SIGHUP reloads. */
export function handleSignals(
  server: Pick<Server, 'stop' | 'reload'>,
  logger: ServerLogger,
): SignalHandling {
  let stopping: Promise<void> | undefined
  let askedAt = 0
  let resolveStop: (stop: Promise<void>) => void = () => {}
  const asked = new Promise<void>((resolve) => {
    resolveStop = resolve
  })
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping !== undefined) {
      if (performance.now() - askedAt < ECHO_MS) return
      exitNow(signal, logger)
      return
    }
    logger.announce(`${signal}: stopping gracefully, once more ends at once`, { signal })
    askedAt = performance.now()
    stopping = server.stop()
    resolveStop(stopping)
  }
  const reload = (): void => {
    logger.announce('SIGHUP: reloading', { signal: 'SIGHUP' })
    server.reload().then(
      () => logger.announce('reloaded'),
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error)
        logger.error({}, `not reloaded, the old code goes on: ${reason}`)
      },
    )
  }
  const handlers = { SIGINT: stop, SIGTERM: stop, SIGHUP: reload } as const
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler)
  return {
    get stopping() {
      return stopping
    },
    waitForStop: () => asked,
    [Symbol.dispose]: () => {
      for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler)
    },
  }
}

/** The workers see the end of their sockets and leave by themselves. */
function exitNow(signal: NodeJS.Signals, logger: ServerLogger): void {
  logger.announce(`${signal}: ending at once`, { signal })
  logger.flush()
  process.exit(128 + constants.signals[signal])
}
