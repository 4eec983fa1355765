import { existsSync, unlinkSync } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import type { ByteStream } from '../../core/byte-stream.ts'
import { TaipanError } from '../../core/errors.ts'
import { pinFolder } from '../../native/pinned-file.ts'
import type { ListeningSocket } from '../net/listening-socket.ts'
import { openNetListener, probeSocket } from '../net/net-listener.ts'
import { bindClosed, giveSocket } from './own-socket.ts'
import { SocketFile } from './socket-file.ts'
import {
  formatAddress,
  formatUrl,
  type BoundAddress,
  type ListenAddress,
  type Listener,
} from './addresses.ts'

/** Longest path of a Unix socket that every system supports. */
const MAX_PATH_BYTES = 103

/** Listens at an address. Rejects with `ADDRESS_IN_USE` or `ADDRESS_UNUSABLE`. */
export async function listen(
  address: ListenAddress,
  onConnection: (stream: ByteStream) => void,
): Promise<Listener> {
  if (address.kind === 'source') return await address.source.listen(onConnection)
  const socket = await bindSocket(address, onConnection)
  return {
    url: formatUrl(address, socket.address),
    onError: (listener) => socket.onError(listener),
    close: () => socket.close(),
  }
}

/** As `listen`, but returns the socket. */
export async function bindSocket(
  address: BoundAddress,
  onConnection: (stream: ByteStream) => void,
): Promise<ListeningSocket> {
  if (address.kind === 'unix') return await bindSocketFile(address, onConnection)
  if (address.kind === 'tcp' && address.reusePort === true) checkReusePort(address)
  try {
    return await openNetListener(address, onConnection)
  } catch (error) {
    throw createListenError(address, error)
  }
}

async function bindSocketFile(
  address: BoundAddress & { readonly kind: 'unix' },
  onConnection: (stream: ByteStream) => void,
): Promise<ListeningSocket> {
  const { path, backlog } = address
  await clearSocketPath(path)
  let socket: ListeningSocket | undefined
  try {
    const place = { kind: 'unix', path, backlog } as const
    socket = await bindClosed(address, () => openNetListener(place, onConnection))
    giveSocket(path, address)
  } catch (error) {
    void socket?.close()
    throw createListenError(address, error)
  }
  return withSocketFile(socket, new SocketFile(path))
}

/** The same socket, which removes no file but its own. */
function withSocketFile(socket: ListeningSocket, file: SocketFile): ListeningSocket {
  return {
    address: socket.address,
    get descriptor() {
      return socket.descriptor
    },
    onError: (listener) => socket.onError(listener),
    close: () => {
      let closed = Promise.resolve()
      file.closeWith(() => {
        closed = socket.close()
      })
      return closed
    },
  }
}

/** Node would take the option, and not tell that it does not know it. */
function checkReusePort(address: BoundAddress): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major >= 24 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)) return
  throw new TaipanError(
    'ADDRESS_UNUSABLE',
    `cannot listen on ${formatAddress(address)}: ?reusePort=on needs Node.js 22.12 or newer, and this is ${process.versions.node}`,
  )
}

function createListenError(address: BoundAddress, error: unknown): TaipanError {
  const name = formatAddress(address)
  const code = readCode(error)
  if (code === 'EADDRINUSE')
    return new TaipanError(
      'ADDRESS_IN_USE',
      `another program listens on ${name}: stop it, or choose another ${address.kind === 'unix' ? 'path' : 'address (port 0 takes a free one)'}`,
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
  if (code === 'EPERM' && address.kind === 'unix' && address.owner !== undefined)
    return 'only root may give a socket to another user, or to a group that it is not in'
  if (code === 'ELOOP' && address.kind === 'unix')
    return 'somebody has put another file in its place; take a folder that only this user may write to'
  if (code === 'ENOTSUP' || code === 'EOPNOTSUPP')
    return 'this system does not let several processes listen at one port'
  if (code === 'EACCES')
    return `permission denied; choose ${address.kind === 'unix' ? 'another path' : 'a port above 1023'}`
  if (code === 'EADDRNOTAVAIL') return 'this machine does not have the address; try 127.0.0.1'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the host name is not known'
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'the folder does not exist'
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
  if (state === 'stale') removeStale(path)
  else throw new TaipanError('ADDRESS_UNUSABLE', `cannot listen on unix:${path}: ${state}`)
}

function removeStale(path: string): void {
  try {
    using folder = pinFolder(dirname(path))
    unlinkSync(join(folder.place, basename(path)))
  } catch {
    // Another process has removed it, or the socket cannot be bound for the same reason.
  }
}

async function probe(path: string): Promise<string> {
  try {
    const found = await lstat(path)
    if (found.isDirectory()) return 'the path is a folder'
    if (!found.isSocket())
      return 'the path is a file that is not a socket; remove it or choose another path'
  } catch (error) {
    const code = readCode(error)
    return code === 'ENOENT' ? 'free' : explain({ kind: 'unix', path }, code)
  }
  try {
    await probeSocket(path)
    return 'live'
  } catch (error) {
    const code = readCode(error)
    if (code === 'ECONNREFUSED') return 'stale'
    return code === 'ENOENT' ? 'free' : explain({ kind: 'unix', path }, code)
  }
}
