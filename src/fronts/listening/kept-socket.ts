import { closeSync, renameSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:net'

import { TaipanError } from '../../core/errors.ts'
import { readDescriptor } from '../streams/net-stream.ts'
import { formatAddress, type BoundAddress } from './addresses.ts'
import { bindServer } from './listener.ts'

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
  // The server is closed before the next turn of the event loop, so it accepts nothing.
  const { server, url } = await bindServer(address, (socket) => socket.destroy())
  const path = address.kind === 'unix' ? address.path : undefined
  let kept: number
  try {
    kept = duplicate(readDescriptor(server))
    closeServer(server, path)
  } catch (error) {
    server.close()
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
      if (path !== undefined) remove(path)
      closeSync(kept)
    },
  }
}

/** Closes the server, but keeps the path of a Unix socket, which Node would remove. */
function closeServer(server: Server, path: string | undefined): void {
  if (path === undefined) {
    server.close()
    return
  }
  const aside = `${path}.${process.pid}`
  renameSync(path, aside)
  server.close()
  renameSync(aside, path)
}

function remove(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Another process has removed it.
  }
}
