import { closeSync } from 'node:fs'
import type { SystemFfi } from '../native/system-ffi.ts'
import type { ByteStream } from '../core/byte-stream.ts'
import {
  parseSocketPath,
  type ConnectionSource,
  type Listener,
} from '../streams/listening/addresses.ts'
import { listen } from '../streams/listening/listener.ts'
import type { Occupancy } from './occupancy.ts'

// Time for another process to wake up and accept.
const PAUSE_MS = 1
// Time until a descriptor may be free again.
const RETRY_MS = 100

/** Parts of a shared listener. */
export interface SharedListenerOptions {
  /** Listening socket, which other processes have, too. */
  readonly descriptor: number
  readonly url: string
  /** As the address has it: whoever listens sets it for all. */
  readonly backlog: number | undefined
  readonly ffi: SystemFfi
  readonly occupancy: Occupancy
}

/** Accepts from a socket together with other processes, and leaves clients to those that have fewer. */
export class SharedListener implements ConnectionSource, Listener {
  readonly url: string
  readonly #options: SharedListenerOptions
  readonly #errorListeners: ((error: Error) => void)[] = []
  #onConnection: (stream: ByteStream) => void = (stream) => stream.destroy()
  #listener: Listener | undefined
  #opening = false
  /** Set during a pause. */
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: SharedListenerOptions) {
    this.#options = options
    this.url = options.url
  }

  async listen(onConnection: (stream: ByteStream) => void): Promise<Listener> {
    this.#onConnection = onConnection
    await this.#open()
    const { occupancy } = this.#options
    occupancy.onHeld(() => this.#update())
    if (!this.#closed) occupancy.announce(true)
    return this
  }

  onError(listener: (error: Error) => void): void {
    this.#errorListeners.push(listener)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    this.#options.occupancy.announce(false)
    this.#update()
    closeSync(this.#options.descriptor)
  }

  get #wanted(): boolean {
    return !this.#closed && this.#timer === undefined && !this.#options.occupancy.held
  }

  /** Starts or stops accepting, as is wanted now. */
  #update(): void {
    if (!this.#wanted) {
      // Closing is the only way to stop accepting for a while.
      void this.#listener?.close()
      this.#listener = undefined
    } else if (this.#listener === undefined && !this.#opening)
      this.#open().catch((error: unknown) => {
        this.#report(error instanceof Error ? error : new Error(String(error)))
        if (!this.#closed) this.#pause(RETRY_MS)
      })
  }

  async #open(): Promise<void> {
    const { ffi, descriptor, url, backlog } = this.#options
    this.#opening = true
    try {
      const fd = ffi.duplicate(descriptor)
      const address = { kind: 'fd', fd, path: parseSocketPath(url), backlog } as const
      const listener = await listen(address, (stream) => this.#receive(stream))
      listener.onError((error) => this.#report(error))
      this.#listener = listener
    } finally {
      this.#opening = false
    }
    this.#update()
  }

  #receive(stream: ByteStream): void {
    const { occupancy } = this.#options
    occupancy.enter(stream)
    this.#onConnection(stream)
    if (occupancy.held) this.#awaitFirst(stream)
    if (this.#wanted && occupancy.yields()) this.#pause(PAUSE_MS)
  }

  /** The first request of the client may need no thread, or need it for a moment only. */
  #awaitFirst(stream: ByteStream): void {
    const { listener } = stream
    stream.listener = {
      onData: (chunk) => {
        stream.listener = listener
        listener.onData(chunk)
        this.#options.occupancy.compare()
      },
      onEnd: () => listener.onEnd(),
      onTaken: () => listener.onTaken(),
    }
  }

  #pause(milliseconds: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#update()
    }, milliseconds)
    this.#update()
  }

  #report(error: Error): void {
    for (const listener of this.#errorListeners) listener(error)
  }
}
