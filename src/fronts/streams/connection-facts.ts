import type { Socket } from 'node:net'

import type { ConnectionFacts } from '../../core/exchange.ts'

/** Reads the two ends of a connection; empty for Unix sockets, which have `localPath`. */
export function createConnectionFacts(socket: Socket, localPath: string): ConnectionFacts {
  return {
    scheme: 'http',
    remoteAddress: formatAddress(socket.remoteAddress),
    remotePort: String(socket.remotePort ?? ''),
    localAddress: formatAddress(socket.localAddress),
    localPort: String(socket.localPort ?? ''),
    localPath,
  }
}

// A socket on `::` shows IPv4 clients as mapped addresses; people and applications expect the dotted form.
function formatAddress(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
