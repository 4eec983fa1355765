import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

import { pollUntil } from '../../support/raw-client.ts'
import {
  FastcgiReader,
  ScgiReader,
  UwsgiReader,
  type Recorded,
  type RequestReader,
} from './request-readers.ts'

/** Listens on a port, notes the requests of another server, and answers all with the same. */
export interface Recorder extends AsyncDisposable {
  readonly port: number
  /** Resolves with the next request. */
  next(): Promise<Recorded>
}

/** Text of all answers. */
export const BODY = 'recorded\n'

const READERS = { fastcgi: FastcgiReader, scgi: ScgiReader, uwsgi: UwsgiReader }

/** Starts a recorder for one of the protocols. */
export async function startRecorder(protocol: keyof typeof READERS): Promise<Recorder> {
  const requests: Recorded[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket))
    answer(socket, new READERS[protocol](), (request) => requests.push(request))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not on TCP')
  return {
    port: address.port,
    next: async () => await pollUntil(() => requests.shift(), 'a request'),
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

function answer(socket: Socket, reader: RequestReader, record: (request: Recorded) => void): void {
  socket.on('data', (chunk) => {
    const request = reader.push(chunk)
    if (request === undefined) return
    record(request)
    socket.end(reader.formatAnswer('Content-Type: text/plain\r\nX-Lab: yes\r\n', BODY))
  })
}
