import { closeSync } from 'node:fs'

import { TaipanError } from '../../core/errors.ts'
import { formatAddress, formatUrl, type BoundAddress } from './addresses.ts'
import { bindSocket } from './listener.ts'
import { SocketFile } from './socket-file.ts'

/** A listening socket that this process keeps open without accepting; clients wait in its backlog. */
export interface KeptSocket {
  readonly url: string
  /** Descriptor of the socket, for other processes to inherit. */
  readonly descriptor: number
  /** Closes the socket; the address is free when the other processes have closed it, too. May be called twice. */
  close(): void
}

/** Binds an address. `duplicate` duplicates a descriptor. Rejects as `listen` does. */
export async function keepSocket(
  address: BoundAddress,
  duplicate: (descriptor: number) => number,
): Promise<KeptSocket> {
  // The socket is closed before the next turn of the event loop, so it accepts nothing.
  const socket = await bindSocket(address, (stream) => stream.destroy())
  const url = formatUrl(address, socket.address)
  const file = address.kind === 'unix' ? new SocketFile(address.path) : undefined
  let kept: number
  try {
    kept = duplicate(socket.descriptor)
    const close = (): void => void socket.close()
    if (file === undefined) close()
    else file.keepDuring(close)
  } catch (error) {
    void socket.close()
    const reason = error instanceof Error ? error.message : String(error)
    throw new TaipanError(
      'ADDRESS_UNUSABLE',
      `cannot share the socket of ${formatAddress(address)} with other processes: ${reason}`,
      { cause: error },
    )
  }
  let closed = false
  return {
    url,
    descriptor: kept,
    close: () => {
      if (closed) return
      closed = true
      file?.remove()
      closeSync(kept)
    },
  }
}
