import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

import { FastcgiReader, ScgiReader, UwsgiReader } from '../wire/peers/request-readers.ts'

/** What an upstream does once it has a request. */
export interface Script {
  readonly bytes: Buffer
  /** `stays` closes nothing. */
  readonly end: 'closes' | 'resets' | 'stays'
}

/** An upstream that answers by scripts. */
export interface ScriptedUpstream extends AsyncDisposable {
  readonly port: number
}

const READERS = { fastcgi: FastcgiReader, scgi: ScgiReader, uwsgi: UwsgiReader }

/** Protocols whose requests it can read. */
export type ScriptedProtocol = keyof typeof READERS

/** Listens on a port; `find` has the script for a path. */
export async function startScriptedUpstream(
  protocol: ScriptedProtocol,
  find: (path: string) => Script,
): Promise<ScriptedUpstream> {
  const sockets = new Set<Socket>()
  // Gateways close their side after an SCGI request.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    let reader = new READERS[protocol]()
    socket.on('data', (chunk) => {
      const request = reader.push(chunk)
      if (request === undefined) return
      reader = new READERS[protocol]()
      const at = request.variables.indexOf('PATH_INFO')
      perform(socket, find(request.variables[at + 1] ?? ''))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not on TCP')
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

function perform(socket: Socket, { bytes, end }: Script): void {
  socket.write(bytes, () => {
    // `resetAndDestroy` would send a FIN first.
    if (end === 'resets') Object.assign(socket, { resetAndClosing: true }).destroy()
    else if (end === 'closes') socket.end()
  })
}
