import { closeSync, renameSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:net'

import { TaipanError } from '../../core/errors.ts'
import { readDescriptor } from '../streams/net-stream.ts'
import { formatAddress, type BoundAddress } from './addresses.ts'
import { bindServer } from './listener.ts'

/** A bound address where clients queue, and this process accepts nobody. */
export interface KeptSocket {
  readonly url: string
  /** Of the listening socket, to be inherited by those that accept. */
  readonly descriptor: number
  /** The address is free as soon as nobody else has the socket either. May be called twice. */
  close(): void
}

/** Binds one address. `duplicate` gives a second descriptor of a socket. Rejects as `listen`. */
export async function keepSocket(
  address: BoundAddress,
  duplicate: (descriptor: number) => number,
): Promise<KeptSocket> {
  // Nothing is accepted before the next turn of the event loop, and the server is closed by then.
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

/** Lets the path of a Unix socket stay, which the server would remove. */
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
    // Someone else has removed it.
  }
}
