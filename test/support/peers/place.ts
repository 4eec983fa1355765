import { mkdtempSync, rmSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { findFreePort } from '../free-port.ts'
import type { Address } from '../raw-client.ts'

/** What a peer speaks. */
export type Protocol = 'fastcgi' | 'scgi' | 'uwsgi' | 'http'

/** Where a peer listens, and what it is started with. */
export interface Place extends Disposable {
  /** Of the peer alone, for its files. */
  readonly folder: string
  readonly protocol: Protocol
  /** `scheme://host:port` or `scheme+unix:path`. */
  readonly url: string
  /** For `openRaw`. */
  readonly address: Address
  /** `host:port`, or the path of a Unix socket. */
  readonly bind: string
  /** Undefined for a Unix socket. */
  readonly port: number | undefined
  /** Processes that answer, where their number can be chosen. */
  readonly children: number
}

/** What can be chosen for a peer. */
export interface PlaceOptions {
  readonly protocol: Protocol
  /** A Unix socket instead of a port. */
  readonly unix?: boolean
  readonly children?: number
}

/** Finds a free port, or a socket in a new folder that everybody may enter. */
export async function createPlace({
  protocol,
  unix = false,
  children = 2,
}: PlaceOptions): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'taipan-peer-'))
  // Apache's children are nobody.
  chmodSync(folder, 0o755)
  const port = unix ? undefined : await findFreePort()
  const bind = port === undefined ? join(folder, 'peer.sock') : `127.0.0.1:${port}`
  const url = port === undefined ? `${protocol}+unix:${bind}` : `${protocol}://${bind}`
  return {
    folder,
    protocol,
    url,
    address: port === undefined ? { path: bind } : url,
    bind,
    port,
    children,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
