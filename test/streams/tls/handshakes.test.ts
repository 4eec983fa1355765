import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'

import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'

import type { ByteStream } from '../../../src/core/byte-stream.ts'
import { openNetListener } from '../../../src/streams/net/net-listener.ts'
import { Handshakes } from '../../../src/streams/tls/handshakes.ts'
import { Authority, type IssuedPair } from '../../support/authority.ts'

// Checks the undocumented parts of `node:tls` that are used, on each version of Node.

const run = promisify(execFile)

let authority: Authority
let pair: IssuedPair
let named: IssuedPair

beforeAll(() => {
  authority = new Authority()
  pair = authority.issue()
  named = authority.issue({ subject: '/CN=a.example', names: 'DNS:a.example' })
})

afterAll(() => authority.dispose())

/** Both ends of a connection after its handshake, and what the stream has told. */
interface Lab {
  readonly client: TLSSocket
  readonly stream: ByteStream
  readonly received: string[]
  readonly events: string[]
}

async function listen(onSecure: (stream: ByteStream) => void): Promise<number> {
  const handshakes = new Handshakes(
    { pair, names: { 'a.example': named }, ca: '' },
    {
      clientCertificate: 'none',
      minVersion: 'TLSv1.2',
      ciphers: undefined,
      protocols: ['h2', 'http/1.1'],
      ticketKeys: Buffer.alloc(48, 1),
    },
  )
  const listener = await openNetListener({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (stream) => {
    stream.listener = {
      onData: (unread) => handshakes.begin(stream, unread, { onSecure, onFailed: () => {} }),
      onEnd: () => stream.destroy(),
      onTaken: () => {},
    }
  })
  onTestFinished(() => listener.close())
  const { address } = listener
  return typeof address === 'object' ? address.port : 0
}

async function openLab(ALPNProtocols: string[] = []): Promise<Lab> {
  const received: string[] = []
  const events: string[] = []
  const accepted: ByteStream[] = []
  const port = await listen((stream) => {
    stream.listener = {
      onData: (chunk) => received.push(chunk.toString('latin1')),
      onEnd: () => events.push('end'),
      onTaken: () => events.push('taken'),
    }
    stream.onClose((error) => events.push(error === undefined ? 'close' : 'broken'))
    accepted.push(stream)
  })
  const ca = authority.certificate
  const client = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ALPNProtocols })
  client.on('error', () => {})
  onTestFinished(() => void client.destroy())
  await once(client, 'secureConnect')
  await expect.poll(() => accepted.length).toBe(1)
  const [stream] = accepted
  if (stream === undefined) throw new Error('no stream')
  onTestFinished(() => stream.destroy())
  return { client, stream, received, events }
}

test('bytes go both ways, and what was written is told to be taken', async () => {
  const { client, stream, received, events } = await openLab()
  expect(stream.silent).toBe(true)
  client.write('hello')
  await expect.poll(() => received.join('')).toBe('hello')
  expect(stream.silent).toBe(false)
  let text = ''
  client.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  stream.write('one ')
  stream.cork()
  stream.write('two ')
  stream.write(Buffer.from('three'))
  stream.uncork()
  await expect.poll(() => text).toBe('one two three')
  await expect.poll(() => stream.pending).toBe(0)
  expect(events).toContain('taken')
})

test('what is read at once is never what came encrypted', async () => {
  const { client, stream, received } = await openLab()
  stream.pause()
  client.write('secret')
  // It has arrived once the client has nothing left and the answer to another write is here.
  await expect.poll(() => client.writableLength).toBe(0)
  expect(stream.readNow()).toBe(true)
  expect(received).toEqual([])
  stream.resume()
  await expect.poll(() => received.join('')).toBe('secret')
  stream.destroy()
  expect(stream.readNow()).toBe(false)
})

test('a client that has finished sending still reads', async () => {
  const { client, stream, events } = await openLab()
  client.end('last')
  await expect.poll(() => events).toContain('end')
  expect(stream.closed).toBe(false)
  let text = ''
  client.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  stream.write('answer')
  stream.end()
  await once(client, 'close')
  expect(text).toBe('answer')
})

test('a reset reaches the client as one', async () => {
  const { client, stream, events } = await openLab()
  let failure: unknown
  client.on('error', (error) => {
    failure = error
  })
  // A reset that comes together with bytes looks like an end to Node.
  const arrived = once(client, 'data')
  stream.write('part')
  await arrived
  const closed = once(client, 'close').catch(() => undefined)
  stream.reset()
  await closed
  await expect.poll(() => failure).toBeDefined()
  expect(Reflect.get(Object(failure), 'code')).toBe('ECONNRESET')
  await expect.poll(() => events).toContain('close')
})

test.each([
  [['h2', 'http/1.1'], 'h2'],
  [['http/1.1'], 'http/1.1'],
  [[], ''],
])('of %j the protocol %j is chosen', async (offered, chosen) => {
  const { stream } = await openLab(offered)
  expect(stream.facts.alpn).toBe(chosen)
  expect(stream.facts.scheme).toBe('https')
  expect(stream.facts.remoteAddress).toBe('127.0.0.1')
})

test('openssl gets the certificate of the name, and no old version', async () => {
  const port = await listen((stream) => stream.destroy())
  const connectBy = async (...words: string[]): Promise<string> => {
    const address = ['-connect', `127.0.0.1:${port}`, '-CAfile', authority.certificateFile]
    const outcome = run('openssl', ['s_client', ...address, ...words]).catch(
      (error: unknown) => error,
    )
    return String(Reflect.get(Object(await outcome), 'stdout'))
  }
  expect(await connectBy('-servername', 'a.example')).toMatch(/subject=.*a\.example/)
  const usual = await connectBy('-servername', 'b.example')
  expect(usual).toMatch(/subject=.*localhost/)
  expect(usual).toContain('Verify return code: 0 (ok)')
  expect(await connectBy('-tls1_1', '-cipher', 'ALL:@SECLEVEL=0')).toContain('Cipher is (NONE)')
})
