import dns from 'node:dns'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import { expect, test, vi } from 'vitest'
import type { ByteStream } from '../../../src/core/byte-stream.ts'
import {
  connectNet,
  connectSocket,
  type ConnectPlace,
  type TlsSettings,
} from '../../../src/streams/net/net-connector.ts'
import { openNetListener } from '../../../src/streams/net/net-listener.ts'
import { createCertificate } from '../../support/certificate.ts'

/** Resolves with the connection. */
function open(place: ConnectPlace): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    connectNet(place, { onConnected: resolve, onFailed: reject })
  })
}

function readAll(stream: ByteStream): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    stream.listener = {
      onData: (chunk) => (text += chunk.toString()),
      onEnd: () => resolve(text),
      onTaken: () => {},
    }
  })
}

test('bytes go both ways over TCP, each direction ends by itself', async () => {
  const answerAll = async (stream: ByteStream): Promise<void> => {
    stream.write(`got ${await readAll(stream)}`)
    stream.end()
  }
  const place: ConnectPlace = { kind: 'tcp', host: '127.0.0.1', port: 0 }
  const listener = await openNetListener(place, (stream) => void answerAll(stream))
  const { address } = listener
  if (typeof address !== 'object') throw new Error('no port')
  const stream = await open({ kind: 'tcp', ...address })
  expect(stream.facts).toMatchObject({ remoteAddress: '127.0.0.1', remotePort: `${address.port}` })
  const answer = readAll(stream)
  stream.write('hello')
  stream.end()
  expect(await answer).toBe('got hello')
  await listener.close()
})

test('a host name is looked up for each connection', async () => {
  const server = createServer((socket) => socket.end(`${socket.localAddress}`)).listen(0, '0.0.0.0')
  await once(server, 'listening')
  const addresses = ['127.0.0.1', '127.0.0.2']
  using lookup = vi.spyOn(dns, 'lookup').mockImplementation((...given: unknown[]) => {
    const done = given.at(-1)
    if (typeof done === 'function') done(null, [{ address: addresses.shift(), family: 4 }])
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const place: ConnectPlace = { kind: 'tcp', host: 'moves.test', port: address.port }
  const told: string[] = []
  for (const _ of ['first', 'second']) {
    const stream = await open(place)
    told.push(await readAll(stream))
    stream.destroy()
  }
  expect(told).toEqual(['127.0.0.1', '127.0.0.2'])
  expect(lookup).toHaveBeenCalledTimes(2)
  server.close()
})

test('a Unix socket is connected to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'taipan-'))
  const path = join(folder, 'socket')
  const listener = await openNetListener({ kind: 'unix', path }, (stream) => {
    stream.write('hello')
    stream.destroySoon()
  })
  const stream = await open({ kind: 'unix', path })
  expect(await readAll(stream)).toBe('hello')
  stream.destroy()
  await listener.close()
  rmSync(folder, { recursive: true })
})

test('a reset behind bytes is an error, not the end', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.write('hello', () => {
        // `resetAndDestroy` would send a FIN first.
        Object.assign(socket, { resetAndClosing: true }).destroy()
      }),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const stream = await open({ kind: 'tcp', host: '127.0.0.1', port: address.port })
  stream.write('x')
  let told = ''
  const error = await new Promise<Error | undefined>((resolve) => {
    stream.onClose(resolve)
    stream.listener = {
      onData: (chunk) => (told += chunk.toString()),
      onEnd: () => (told += ' and the end'),
      onTaken: () => {},
    }
  })
  expect(told).toBe('hello')
  expect(error).toMatchObject({ code: 'ECONNRESET' })
  server.close()
})

test('a failure has the code of the system', async () => {
  const place: ConnectPlace = { kind: 'unix', path: '/nowhere/socket' }
  await expect(open(place)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('nothing is told after an attempt was cancelled', async () => {
  let told = 0
  const listener = await openNetListener({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (stream) =>
    stream.destroy(),
  )
  const { address } = listener
  if (typeof address !== 'object') throw new Error('no port')
  const note = (): void => {
    told += 1
  }
  connectNet({ kind: 'tcp', ...address }, { onConnected: note, onFailed: note }).cancel()
  const stream = await open({ kind: 'tcp', ...address })
  await readAll(stream)
  expect(told).toBe(0)
  stream.destroy()
  await listener.close()
})

test('an answer is read although the other side has closed, and a write fails before', async () => {
  const server = createServer({ pauseOnConnect: true })
  const accepted = once(server, 'connection')
  const stream = await open(await listenOn(server))
  stream.pause()
  stream.write('a request')
  const [socket] = await accepted
  socket.write('enough')
  // With bytes that were not read this resets the connection.
  socket.destroySoon()
  await once(socket, 'close')
  stream.write('more of it')
  await setImmediate()
  expect(stream.closed).toBe(false)
  const answer = readAll(stream)
  stream.resume()
  expect(await answer).toBe('enough')
  const gone = new Promise((resolve) => {
    stream.onClose(resolve)
  })
  expect(await gone).toMatchObject({ syscall: 'write' })
  server.close()
})

test('TLS is spoken with servers whose certificate is trusted only', async () => {
  const { cert, key } = createCertificate()
  const server = createTlsServer({ cert, key }, (socket) => {
    socket.on('error', () => {})
    socket.end('hello')
  })
  const place = await listenOn(server)
  const connect = (tls: TlsSettings): Promise<string> =>
    new Promise((resolve, reject) => {
      const onConnected = (socket: Socket): void => void text(socket).then(resolve, reject)
      connectSocket(place, { onConnected, onFailed: reject }, tls)
    })
  const tls = { serverName: 'localhost', ca: undefined, insecure: false }
  expect(await connect({ ...tls, ca: cert })).toBe('hello')
  expect(await connect({ ...tls, insecure: true })).toBe('hello')
  await expect(connect(tls)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  const other = connect({ ...tls, ca: cert, serverName: 'other.test' })
  await expect(other).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  server.close()
})

async function listenOn(server: Server): Promise<ConnectPlace> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return { kind: 'tcp', host: '127.0.0.1', port: address.port }
}
