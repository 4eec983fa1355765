import { WebSocket } from 'ws'

const DEADLINE = 15_000

/** How a WebSocket ended. */
interface SocketEnd {
  readonly code: number
  readonly reason: string
}

/** A WebSocket whose messages are read in order. */
export interface TestSocket {
  readonly subprotocol: string
  send(message: string | Uint8Array): void
  /** The next message, text or bytes. Rejects when the socket closes or nothing arrives in time. */
  receive(): Promise<string | Buffer>
  /** Resolves when the socket has closed. */
  readonly closed: Promise<SocketEnd>
  close(code: number, reason?: string): Promise<SocketEnd>
}

/** Options of the handshake. */
export interface SocketOptions {
  readonly subprotocols?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/** Opens a WebSocket to an `http:` address; resolves when it is accepted, rejects otherwise. */
export async function openSocket(address: URL, options: SocketOptions = {}): Promise<TestSocket> {
  const socket = new WebSocket(
    address.href.replace(/^http/, 'ws'),
    [...(options.subprotocols ?? [])],
    { headers: { ...options.headers }, handshakeTimeout: DEADLINE },
  )
  const inbox = new Inbox()
  socket.on('message', (data: Buffer, binary: boolean) =>
    inbox.put(binary ? data : data.toString('utf8')),
  )
  const closed = new Promise<SocketEnd>((resolve) => {
    socket.once('close', (code, reason) => {
      inbox.end(code)
      resolve({ code, reason: reason.toString('utf8') })
    })
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.on('error', () => {})
  return {
    get subprotocol() {
      return socket.protocol
    },
    send: (message) => socket.send(message),
    receive: async () => await inbox.take(),
    closed,
    close: async (code, reason) => {
      socket.close(code, reason)
      return await closed
    },
  }
}

class Inbox {
  readonly #messages: (string | Buffer)[] = []
  #wake: () => void = () => {}
  #end: number | undefined

  put(message: string | Buffer): void {
    this.#messages.push(message)
    this.#wake()
  }

  end(code: number): void {
    this.#end = code
    this.#wake()
  }

  async take(): Promise<string | Buffer> {
    if (this.#messages.length === 0 && this.#end === undefined) await this.#sleep()
    const message = this.#messages.shift()
    if (message !== undefined) return message
    throw new Error(this.#end === undefined ? 'no message came in time' : `closed by ${this.#end}`)
  }

  async #sleep(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      timer = setTimeout(resolve, DEADLINE)
    })
    clearTimeout(timer)
  }
}
