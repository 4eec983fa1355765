import { createServer, type Socket } from 'node:net'

/** A server whose answers a test writes byte by byte. */
export interface RawPeer extends AsyncDisposable {
  readonly port: number
  /** What each connection has sent so far, one character per byte. */
  readonly received: readonly string[]
}

/** Starts a server; `answer` is called when the first bytes of a connection are there. */
export async function startRawPeer(
  answer: (socket: Socket, first: Buffer) => void,
): Promise<RawPeer> {
  const received: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const index = received.push('') - 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.once('data', (first: Buffer) => answer(socket, first))
    socket.on('data', (chunk: Buffer) => {
      received[index] += chunk.toString('latin1')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    received,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
