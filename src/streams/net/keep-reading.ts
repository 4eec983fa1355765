import type { Socket } from 'node:net'

type Done = (error?: Error | null) => void

/**
 * Lets a socket be read to its end after a write has failed, and fails only then. A server that does not want the rest of a
 * request may have answered it and closed the connection; Node would destroy the socket together with the unread answer.
 */
export function keepReading(socket: Socket): void {
  const write = socket._write.bind(socket)
  const writeAll = socket._writev?.bind(socket)
  socket._write = (chunk, encoding, done) => write(chunk, encoding, delayFailure(socket, done))
  if (writeAll !== undefined)
    socket._writev = (chunks, done) => writeAll(chunks, delayFailure(socket, done))
}

function delayFailure(socket: Socket, done: Done): Done {
  return (error) => {
    const isLate = socket.readableEnded || socket.destroyed
    if (error === null || error === undefined || isLate || !isClosedByPeer(error)) done(error)
    else socket.once('end', () => done(error))
  }
}

function isClosedByPeer(error: Error): boolean {
  return 'code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET')
}
