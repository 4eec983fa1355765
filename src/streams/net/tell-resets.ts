import { readSync } from 'node:fs'
import type { Socket } from 'node:net'

import { findDescriptor } from './descriptor.ts'

const ONE_BYTE = Buffer.alloc(1)

/**
 * Makes a reset an error of the socket. libuv takes one that comes together with bytes for the end of the stream, so that
 * an answer that was cut would look whole where its end is that of the connection.
 */
export function tellResets(socket: Socket): void {
  const push = socket.push.bind(socket)
  socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    const reset = chunk === null ? findReset(socket) : undefined
    if (reset === undefined) return push(chunk, encoding)
    socket.destroy(reset)
    return false
  }
}

/** The error that the system still has for a connection whose end was read. */
function findReset(socket: Socket): Error | undefined {
  const descriptor = findDescriptor(socket)
  if (descriptor === undefined) return undefined
  try {
    readSync(descriptor, ONE_BYTE)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') return error
  }
  return undefined
}
