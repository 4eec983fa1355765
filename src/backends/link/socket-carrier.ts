import type { Socket } from 'node:net'

import type { Carrier } from './carrier.ts'

/** Carries frames over a socket, to a worker process. */
export class SocketCarrier implements Carrier {
  onData: ((chunk: Buffer) => void) | undefined
  onClose: ((error: Error | undefined) => void) | undefined
  onDrain: (() => void) | undefined
  readonly #socket: Socket
  #error: Error | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.onData?.(chunk))
    socket.on('drain', () => this.onDrain?.())
    socket.on('error', (error) => {
      this.#error = error
    })
    socket.on('close', () => this.onClose?.(this.#error))
  }

  get writable(): boolean {
    return this.#socket.writable
  }

  write(frames: Uint8Array): boolean {
    // Copied, because the socket may read it after this call.
    return this.#socket.write(Uint8Array.prototype.slice.call(frames))
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
