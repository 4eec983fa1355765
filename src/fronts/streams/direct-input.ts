import type { Socket } from 'node:net'

/**
 * Reads from a socket until the function that it returns is called. While the socket flows, what arrives goes straight to
 * `onData`: a stream would look after each piece, in a tick of its own, whether it should read ahead. While it is paused,
 * or holds something from a pause, the stream does its work as always.
 */
export function readDirectly(socket: Socket, onData: (chunk: Buffer) => void): () => void {
  const push = socket.push.bind(socket)
  socket.push = (chunk: Buffer | null, encoding) => {
    if (chunk === null || socket.readableFlowing !== true || socket.readableLength > 0)
      return push(chunk, encoding)
    onData(chunk)
    return true
  }
  socket.on('data', onData)
  return () => {
    // Deleted, it would make a slow object of the socket.
    socket.push = push
    socket.off('data', onData)
  }
}
