import type { Logger } from '../core/logger.ts'
import type { Environment } from '../server/config/environment.ts'

/** Tells whoever manages this process as a service how it is: systemd, by the protocol of sd_notify(3). */
export interface ServiceManager extends Disposable {
  /** It serves, after its start. */
  tellReady(status: string): void
  /** A reload has begun; whatever becomes of it, the new or the old code serves then. */
  followReload(reloading: Promise<unknown>): void
  tellStopping(): void
}

const NOBODY: ServiceManager = {
  tellReady: () => {},
  followReload: () => {},
  tellStopping: () => {},
  [Symbol.dispose]: () => {},
}

/** Opens the way to the service manager, if there is one; logs why there is none although one is named. */
export async function openServiceManager(
  environment: Environment,
  logger: Logger,
): Promise<ServiceManager> {
  const address = environment['NOTIFY_SOCKET']
  if (address === undefined || address === '') return NOBODY
  try {
    if (!/^[/@]./.test(address)) throw new Error(`${address} is no path and no abstract name`)
    // Loaded late, because only services need it.
    const { loadSystemFfi } = await import('../native/system-ffi.ts')
    const system = await loadSystemFfi()
    const socket = system.openDatagramSocket()
    const send = (text: string) => system.sendDatagram(socket, address, Buffer.from(text))
    return new Systemd(send, readWatchdogInterval(environment))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    logger.warn({}, `NOTIFY_SOCKET: systemd is told nothing: ${reason}`)
    return NOBODY
  }
}

/** Half of the time that systemd waits for a sign of life, in ms; undefined if it waits for none of this process. */
function readWatchdogInterval(environment: Environment): number | undefined {
  const { WATCHDOG_USEC: period, WATCHDOG_PID: pid } = environment
  if (period === undefined || !/^[1-9]\d*$/.test(period)) return undefined
  if (pid !== undefined && pid !== '' && Number(pid) !== process.pid) return undefined
  return Math.max(1, Math.floor(Number(period) / 2000))
}

/** A message that is lost, because systemd is behind, is not sent again: the next one says more. */
class Systemd implements ServiceManager {
  readonly #send: (text: string) => void
  readonly #interval: number | undefined
  #state: 'starting' | 'ready' | 'stopping' = 'starting'
  /** Reloads that have not ended. */
  #reloads = 0
  #timer: NodeJS.Timeout | undefined

  constructor(send: (text: string) => void, interval: number | undefined) {
    this.#send = send
    this.#interval = interval
  }

  tellReady(status: string): void {
    this.#state = 'ready'
    this.#send(`READY=1\nSTATUS=${status}`)
    if (this.#interval === undefined || this.#timer !== undefined) return
    this.#send('WATCHDOG=1')
    this.#timer = setInterval(() => this.#send('WATCHDOG=1'), this.#interval).unref()
  }

  followReload(reloading: Promise<unknown>): void {
    if (this.#state !== 'ready') return
    this.#reloads += 1
    this.#tellReloading()
    const end = (): void => {
      this.#reloads -= 1
      if (this.#reloads === 0 && this.#state === 'ready') this.tellReady('serving')
    }
    reloading.then(end, end)
  }

  /** Signs of life go on until the end. */
  tellStopping(): void {
    this.#state = 'stopping'
    this.#send('STOPPING=1\nSTATUS=stopping')
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  /** Each signal wants an answer with a time after its own, even if several share a reload. */
  #tellReloading(): void {
    // CLOCK_MONOTONIC, by which systemd tells this answer from one to an earlier signal.
    const now = process.hrtime.bigint() / 1000n
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${now}\nSTATUS=reloading`)
  }
}
