import type { Socket } from 'node:net'

/**
 * Ends a connection by a reset, so that a body without length or chunks does not look whole. Unix sockets know no
 * reset: they are just closed.
 */
export function resetConnection(socket: Socket): void {
  // `resetAndDestroy` of Node ends the stream first, and the client would take that FIN for the end of the body.
  if (socket.remoteFamily !== undefined) Object.assign(socket, { resetAndClosing: true })
  socket.destroy()
}
