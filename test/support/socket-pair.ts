import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Both ends of a connection. `far` is paused until it is resumed. */
export interface SocketPair {
  readonly near: Socket
  readonly far: Socket
}

/** Connects two sockets of this process. */
export async function createPair(): Promise<SocketPair> {
  const folder = mkdtempSync(join(tmpdir(), 'taipan-pair-'))
  try {
    const path = join(folder, 'socket')
    const server = createServer({ pauseOnConnect: true }).listen(path)
    await once(server, 'listening')
    const near = connect(path)
    const [far]: Socket[] = await once(server, 'connection')
    server.close()
    if (far === undefined) throw new Error('no connection')
    return { near, far }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
