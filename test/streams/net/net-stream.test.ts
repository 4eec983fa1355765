import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import type { StreamListener } from '../../../src/core/byte-stream.ts'
import { NetStream, readDescriptor, readFacts } from '../../../src/streams/net/net-stream.ts'
import { openRaw, pollUntil, type RawConnection } from '../../support/raw-client.ts'

// Checks the undocumented parts of `node:net` that are used, on each version of Node.

const folder = mkdtempSync(join(tmpdir(), 'taipan-stream-'))

afterAll(() => rmSync(folder, { recursive: true }))

/** Both ends of a connection, and the events of the stream. */
class Lab implements StreamListener {
  readonly stream: NetStream
  readonly socket: Socket
  readonly client: RawConnection
  readonly chunks: Buffer[] = []
  ends = 0
  taken = 0
  closes: (Error | undefined)[] = []

  constructor(socket: Socket, client: RawConnection, path: string) {
    this.socket = socket
    this.client = client
    this.stream = new NetStream(socket, readFacts(socket, path))
    this.stream.listener = this
    this.stream.onClose((error) => this.closes.push(error))
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks)
  }

  onData(chunk: Buffer): void {
    this.chunks.push(chunk)
  }

  onEnd(): void {
    this.ends += 1
  }

  onTaken(): void {
    this.taken += 1
  }

  [Symbol.dispose](): void {
    this.client.destroy()
    this.socket.destroy()
  }
}

async function connectLab(path = ''): Promise<Lab> {
  const server = createServer({ allowHalfOpen: true })
  if (path === '') server.listen(0, '127.0.0.1')
  else server.listen(path)
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const client = await openRaw(
    path === '' ? `http://127.0.0.1:${portOf(server.address())}` : { path },
  )
  const [socket]: Socket[] = await accepted
  server.close()
  if (socket === undefined) throw new Error('no connection')
  return new Lab(socket, client, path)
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

test('bytes of a flowing socket go directly to the listener, without an event', async () => {
  using lab = await connectLab()
  let events = 0
  lab.socket.on('data', () => {
    events += 1
  })
  lab.client.send('hello')
  await pollUntil(() => lab.chunks[0], 'the bytes')
  expect(lab.received.toString()).toBe('hello')
  expect(events).toBe(0)
})

test('a paused stream keeps what arrives, in order and complete', async () => {
  using lab = await connectLab()
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251))
  for (let at = 0; at < bytes.length; at += 50_000) {
    lab.stream.pause()
    const held = lab.chunks.length
    lab.client.send(bytes.subarray(at, at + 50_000))
    await pollUntil(() => lab.socket.readableLength > 0 || undefined, 'bytes that wait')
    expect(lab.chunks).toHaveLength(held)
    lab.stream.resume()
    await pollUntil(() => lab.received.length === at + 50_000 || undefined, 'the bytes')
  }
  lab.client.finishSending()
  await pollUntil(() => lab.ends || undefined, 'the end')
  expect(lab.received.equals(bytes)).toBe(true)
  expect(lab.stream.closed).toBe(false)
})

test('a reset arrives as a reset, not as an end of stream', async () => {
  using lab = await connectLab()
  lab.stream.write('half of it')
  await pollUntil(() => lab.client.received || undefined, 'the bytes')
  lab.stream.reset()
  await lab.client.waitForEnd()
  expect(lab.client.error).toMatchObject({ code: 'ECONNRESET' })
  await pollUntil(() => lab.closes.length || undefined, 'the close')
  expect(lab.closes).toEqual([undefined])
})

test('a Unix socket has no reset: it ends', async () => {
  const path = join(folder, 'reset.sock')
  using lab = await connectLab(path)
  expect(lab.stream.facts).toMatchObject({ remoteAddress: '', localPath: path })
  lab.stream.reset()
  await lab.client.waitForEnd()
  expect(lab.client.error).toBeUndefined()
})

test('a reset by the other side is reported by onClose', async () => {
  using lab = await connectLab()
  lab.client.reset()
  await pollUntil(() => lab.closes[0], 'the close')
  expect(lab.closes).toMatchObject([{ code: 'ECONNRESET' }])
  expect(lab.stream.closed).toBe(true)
})

test('what has arrived can be read at once, and its order stays', async () => {
  using lab = await connectLab()
  expect(lab.stream.readNow()).toBe(true)
  lab.client.send('one')
  expect(lab.stream.readNow()).toBe(true)
  expect(lab.received.toString()).toBe('one')
  lab.client.send('two')
  await pollUntil(() => lab.received.length === 6 || undefined, 'the rest')
  expect(lab.received.toString()).toBe('onetwo')
})

test.each(['destroy', 'reset'] as const)(
  'the other side has left before that is told: %s',
  async (way) => {
    using lab = await connectLab()
    lab.client[way]()
    expect(lab.stream.readNow()).toBe(false)
    expect([lab.ends, lab.closes]).toEqual([0, []])
    await pollUntil(() => lab.ends + lab.closes.length || undefined, 'the end')
    expect(lab.stream.readNow()).toBe(false)
  },
)

test('a write that fails at once closes it at once', async () => {
  using lab = await connectLab()
  lab.client.reset()
  expect(lab.stream.closed).toBe(false)
  lab.stream.write(Buffer.from('lost'))
  expect(lab.stream.closed).toBe(true)
  await pollUntil(() => lab.closes[0], 'the close')
})

test('onTaken is called when pending bytes are accepted', async () => {
  using lab = await connectLab()
  lab.client.pause()
  let pending = 0
  let written = 0
  for (; pending === 0; written += 100_000) pending = lab.stream.write('x'.repeat(100_000))
  expect(lab.stream.pending).toBe(pending)
  lab.client.resume()
  await pollUntil(() => (lab.taken > 0 && lab.stream.pending === 0) || undefined, 'the taking')
  await lab.client.waitUntil(() => lab.client.received === written, 'all of it')
})

test('corked bytes leave together, in order, and onTaken is called', async () => {
  using lab = await connectLab()
  lab.stream.cork()
  lab.stream.write('a\xe9')
  expect(lab.stream.write(Buffer.from('b'))).toBe(3)
  lab.stream.uncork()
  lab.stream.end()
  await lab.client.waitForEnd()
  expect(lab.client.rest.toString('latin1')).toBe('a\xe9b')
  expect(lab.taken).toBe(2)
})

test('a detached stream sends no events, and closes as before', async () => {
  using lab = await connectLab()
  const duplex = lab.stream.detach()
  const arrived = once(duplex, 'data')
  lab.client.send('raw')
  expect(String((await arrived)[0])).toBe('raw')
  lab.client.destroy()
  duplex.end()
  await pollUntil(() => lab.closes.length || undefined, 'the close')
  expect([lab.chunks.length, lab.ends]).toEqual([0, 0])
})

test('a listening server has a descriptor, another has none', async () => {
  const server = createServer()
  expect(() => readDescriptor(server)).toThrow('no descriptor')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  expect(readDescriptor(server)).toBeGreaterThan(2)
  server.close()
})
