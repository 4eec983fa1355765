import { chmodSync, existsSync } from 'node:fs'
import { lstat, unlink } from 'node:fs/promises'
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'

import type { ByteStream } from '../../core/byte-stream.ts'
import { TaipanError } from '../../core/errors.ts'
import { NetStream } from '../streams/net-stream.ts'
import { HIGH_WATER } from '../streams/outbox.ts'
import {
  formatAddress,
  formatHostPort,
  parseSocketPath,
  type BoundAddress,
  type ListenAddress,
  type Listener,
} from './addresses.ts'

const BACKLOG = 1024
/** Longest path of a Unix socket that every system supports. */
const MAX_PATH_BYTES = 103

/** A listening server with its address. */
export interface BoundServer {
  readonly server: Server
  readonly url: string
}

/** Binds an address. Rejects with `ADDRESS_IN_USE` or `ADDRESS_UNUSABLE`. */
export async function listen(
  address: ListenAddress,
  onConnection: (stream: ByteStream) => void,
): Promise<Listener> {
  if (address.kind === 'source') return await address.source.listen(onConnection)
  // Node accepts in the next turn of the event loop, so `path` is set by then.
  const accept = (socket: Socket): void => onConnection(new NetStream(socket, path))
  const { server, url } = await bindServer(address, accept)
  const path = (address.kind === 'fd' ? address.path : parseSocketPath(url)) ?? ''
  return {
    url,
    onError: (listener) => server.on('error', listener),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
      }),
  }
}

/** As `listen`, but returns the server. */
export async function bindServer(
  address: BoundAddress,
  onConnection: (socket: Socket) => void,
): Promise<BoundServer> {
  if (address.kind === 'unix') await clearSocketPath(address.path)
  const options = { allowHalfOpen: true, noDelay: true, highWaterMark: HIGH_WATER }
  const server = createServer(options, onConnection)
  try {
    await bind(server, toListenOptions(address))
    if (address.kind === 'unix' && address.mode !== undefined) chmodSync(address.path, address.mode)
  } catch (error) {
    server.close()
    throw createListenError(address, error)
  }
  return { server, url: formatUrl(address, server) }
}

function formatUrl(address: BoundAddress, server: Server): string {
  const bound = server.address()
  if (typeof bound === 'object' && bound !== null && bound.port !== undefined)
    return `http://${formatHostPort(bound.address, bound.port)}`
  return typeof bound === 'string' ? `unix:${bound}` : formatAddress(address)
}

function toListenOptions(address: BoundAddress): ListenOptions & { fd?: number } {
  if (address.kind === 'unix') return { path: address.path, backlog: BACKLOG }
  if (address.kind === 'fd') return { fd: address.fd, backlog: BACKLOG }
  return { host: address.host, port: address.port, backlog: BACKLOG }
}

function bind(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function createListenError(address: BoundAddress, error: unknown): TaipanError {
  const name = formatAddress(address)
  const code = readCode(error)
  if (code === 'EADDRINUSE')
    return new TaipanError(
      'ADDRESS_IN_USE',
      `another program listens on ${name}: stop it, or choose another address (port 0 takes a free one)`,
      { cause: error },
    )
  return new TaipanError(
    'ADDRESS_UNUSABLE',
    `cannot listen on ${name}: ${explain(address, code)}`,
    {
      cause: error,
    },
  )
}

function explain(address: BoundAddress, code: string): string {
  if (address.kind === 'fd') return `descriptor ${address.fd} is not a listening socket (${code})`
  // libuv reports EACCES for a socket in a folder that does not exist.
  if (code === 'EACCES' && address.kind === 'unix' && !existsSync(dirname(address.path)))
    return 'the folder does not exist'
  if (code === 'EACCES') return 'permission denied; choose a port above 1023 or another path'
  if (code === 'EADDRNOTAVAIL') return 'this machine does not have the address; try 127.0.0.1'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host name is not known'
  if (code === 'ENOENT') return 'the folder does not exist'
  return code
}

function readCode(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code)
  return String(error)
}

/** Removes a Unix socket that no process listens on. Any other file at the path stays and is an error. */
async function clearSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw new TaipanError(
      'ADDRESS_UNUSABLE',
      `cannot listen on unix:${path}: the path is longer than ${MAX_PATH_BYTES} bytes`,
    )
  const state = await probe(path)
  if (state === 'free') return
  if (state === 'live')
    throw createListenError(
      { kind: 'unix', path },
      Object.assign(new Error('live'), { code: 'EADDRINUSE' }),
    )
  if (state === 'stale') await unlink(path).catch(() => undefined)
  else throw new TaipanError('ADDRESS_UNUSABLE', `cannot listen on unix:${path}: ${state}`)
}

async function probe(path: string): Promise<string> {
  try {
    const found = await lstat(path)
    if (!found.isSocket())
      return 'the path is a file that is not a socket; remove it or choose another path'
  } catch (error) {
    const code = readCode(error)
    return code === 'ENOENT' ? 'free' : explain({ kind: 'unix', path }, code)
  }
  return await new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve('live')
    })
    socket.once('error', (error) => {
      const code = readCode(error)
      if (code === 'ECONNREFUSED') resolve('stale')
      else resolve(code === 'ENOENT' ? 'free' : explain({ kind: 'unix', path }, code))
    })
  })
}
