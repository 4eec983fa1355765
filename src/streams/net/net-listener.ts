import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net'

import { KEEP_ALIVE } from './keep-alive.ts'
import type { ListeningSocket, OpenListeningSocket, SocketPlace } from './listening-socket.ts'
import { NetStream, readDescriptor, readFacts } from './net-stream.ts'
import { HIGH_WATER } from './outbox.ts'

const BACKLOG = 1024
const OPTIONS = { allowHalfOpen: true, noDelay: true, highWaterMark: HIGH_WATER }

/** Listens by `node:net`. */
export const openNetListener: OpenListeningSocket = async (place, onConnection) => {
  let path = ''
  const accept = (socket: Socket): void =>
    onConnection(new NetStream(socket, readFacts(socket, path)))
  const isProbed = place.kind === 'tcp' && place.keepAlive === true
  const server = createServer(isProbed ? { ...OPTIONS, ...KEEP_ALIVE } : OPTIONS, accept)
  try {
    await bind(server, toListenOptions(place))
  } catch (error) {
    server.close()
    throw error
  }
  const listener = new NetListener(server)
  const { address } = listener
  path =
    (place.kind === 'fd' ? place.path : undefined) ?? (typeof address === 'string' ? address : '')
  return listener
}

class NetListener implements ListeningSocket {
  readonly #server: Server

  constructor(server: Server) {
    this.#server = server
  }

  get address(): ListeningSocket['address'] {
    const bound = this.#server.address()
    if (bound === null || typeof bound === 'string') return bound ?? undefined
    return { host: bound.address, port: bound.port }
  }

  get descriptor(): number {
    return readDescriptor(this.#server)
  }

  onError(listener: (error: Error) => void): void {
    this.#server.on('error', listener)
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
    })
  }
}

/** Connects to a Unix socket and leaves. Rejects with an error that has the `code` of the system. */
export function probeSocket(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('error', reject)
  })
}

function bind(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function toListenOptions(place: SocketPlace): ListenOptions & { fd?: number } {
  const { backlog = BACKLOG } = place
  if (place.kind === 'unix') return { path: place.path, backlog }
  if (place.kind === 'fd') return { fd: place.fd, backlog }
  const { host, port, reusePort = false } = place
  return { host, port, backlog, ...(reusePort && { reusePort }) }
}
