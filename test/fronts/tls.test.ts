import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { createResponseHead } from '../../src/core/response-head.ts'
import type { ListenAddress } from '../../src/streams/listening/addresses.ts'
import { Handshakes } from '../../src/streams/tls/handshakes.ts'
import type { TlsMaterial, TlsPolicy } from '../../src/streams/tls/material.ts'
import { Authority, type IssuedPair } from '../support/authority.ts'
import { answer, echo, startLab, type FrontLab, type LabOptions } from './support/front-lab.ts'

const HTTPS: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 0, secure: true }
const POLICY: TlsPolicy = {
  clientCertificate: 'none',
  minVersion: 'TLSv1.2',
  ciphers: undefined,
  protocols: ['http/1.1'],
  ticketKeys: Buffer.alloc(48, 7),
}

let authority: Authority
let stranger: Authority
let pair: IssuedPair
let named: IssuedPair
let wild: IssuedPair
let client: IssuedPair
let strange: IssuedPair

beforeAll(() => {
  authority = new Authority()
  stranger = new Authority('Stranger')
  pair = authority.issue()
  named = authority.issue({ subject: '/CN=a.example', names: 'DNS:a.example' })
  wild = authority.issue({ subject: '/CN=*.b.example', names: 'DNS:*.b.example' })
  client = authority.issue({ subject: '/O=Shop/CN=Ada', names: 'email:ada@shop.example' })
  strange = stranger.issue({ subject: '/CN=Ada', names: 'email:ada@shop.example' })
})

afterAll(() => {
  authority.dispose()
  stranger.dispose()
})

function createHandshakes(
  policy: Partial<TlsPolicy> = {},
  material: Partial<TlsMaterial> = {},
): Handshakes {
  const whole = { pair, names: {}, ca: authority.certificate, ...material }
  return new Handshakes(whole, { ...POLICY, ...policy })
}

/** A front that answers with the facts of the connection. */
function startSecure(handshakes: Handshakes, options: LabOptions = {}): Promise<FrontLab> {
  return startLab(
    (exchange) => {
      const { scheme, tls } = exchange.connection
      const { client: found, certificate: _own, ...facts } = tls ?? {}
      answer(exchange, JSON.stringify({ scheme, ...facts, client: found && found.error }))
    },
    { addresses: [HTTPS], handshakes, ...options },
  )
}

function portOf(lab: FrontLab): number {
  return Number(new URL(lab.url).port)
}

async function open(lab: FrontLab, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: portOf(lab),
    ca: authority.certificate,
    servername: 'localhost',
    ...options,
  })
  await once(socket, 'secureConnect')
  return socket
}

/** One request on a connection that is closed after it; gives the body. */
async function request(socket: TLSSocket, head = 'GET / HTTP/1.1\r\nHost: a\r\n'): Promise<string> {
  let text = ''
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
  })
  socket.write(`${head}Connection: close\r\n\r\n`)
  await once(socket, 'close')
  return text.slice(text.indexOf('\r\n\r\n') + 4)
}

async function ask(lab: FrontLab, options?: ConnectionOptions): Promise<Record<string, unknown>> {
  const body: unknown = JSON.parse(await request(await open(lab, options)))
  return Object(body)
}

function nameOf(socket: TLSSocket): string {
  const { CN } = socket.getPeerCertificate().subject
  socket.destroy()
  return String(CN)
}

test('requests inside of TLS are answered, and know how they came', async () => {
  await using lab = await startSecure(createHandshakes())
  expect(lab.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
  expect(await ask(lab)).toEqual({
    scheme: 'https',
    version: 'TLSv1.3',
    cipher: { name: 'TLS_AES_256_GCM_SHA384', standardName: 'TLS_AES_256_GCM_SHA384' },
    serverName: 'localhost',
    resumed: false,
  })
})

test('TLS 1.2 is spoken unless a newer version is demanded', async () => {
  await using lab = await startSecure(createHandshakes())
  expect(await ask(lab, { maxVersion: 'TLSv1.2', servername: '' })).toMatchObject({
    version: 'TLSv1.2',
    cipher: {
      name: 'ECDHE-ECDSA-AES128-GCM-SHA256',
      standardName: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    },
    serverName: '',
  })
  await using strict = await startSecure(createHandshakes({ minVersion: 'TLSv1.3' }))
  await expect(open(strict, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/version/)
  expect(await ask(strict)).toMatchObject({ version: 'TLSv1.3' })
})

test('the ciphers are those that are configured', async () => {
  const ciphers = 'ECDHE-ECDSA-AES256-GCM-SHA384'
  await using lab = await startSecure(createHandshakes({ ciphers }))
  const body = await ask(lab, { maxVersion: 'TLSv1.2' })
  expect(body).toMatchObject({ cipher: { name: ciphers } })
})

test.each([
  ['a.example', 'a.example'],
  ['A.Example', 'a.example'],
  ['x.b.example', '*.b.example'],
  ['x.y.b.example', 'localhost'],
  ['b.example', 'localhost'],
  ['c.example', 'localhost'],
  ['', 'localhost'],
])('a client that asks for %j gets the certificate of %s', async (servername, owner) => {
  const names = { 'a.example': named, '*.b.example': wild }
  await using lab = await startSecure(createHandshakes({}, { names }))
  const socket = await open(lab, { servername, checkServerIdentity: () => undefined })
  expect(nameOf(socket)).toBe(owner)
})

test('renewed certificates are for later connections; open ones live on', async () => {
  const handshakes = createHandshakes()
  await using lab = await startSecure(handshakes)
  const before = await open(lab)
  handshakes.renew({ pair: named, names: {}, ca: '' })
  expect(nameOf(await open(lab, { checkServerIdentity: () => undefined }))).toBe('a.example')
  expect(await request(before)).toContain('https')
})

async function keepSession(lab: FrontLab, options: ConnectionOptions = {}): Promise<Buffer> {
  const socket = await open(lab, options)
  let session = socket.getSession()
  // TLS 1.3 has them after the handshake.
  socket.on('session', (later) => {
    session = later
  })
  await request(socket)
  return session ?? Buffer.alloc(0)
}

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a session of %s is resumed, by another process and after a renewal, too',
  async (maxVersion) => {
    const [first, other] = [createHandshakes(), createHandshakes()]
    await using lab = await startSecure(first)
    await using replica = await startSecure(other)
    const session = await keepSession(lab, { maxVersion })
    expect(await ask(lab, { session, maxVersion })).toMatchObject({ resumed: true })
    const again = await keepSession(lab, { maxVersion })
    expect(await ask(replica, { session: again, maxVersion })).toMatchObject({ resumed: true })
    const third = await keepSession(lab, { maxVersion })
    first.renew({ pair: authority.issue(), names: {}, ca: authority.certificate })
    expect(await ask(lab, { session: third, maxVersion })).toMatchObject({ resumed: true })
  },
)

test('a process with another key does not resume, but serves', async () => {
  await using lab = await startSecure(createHandshakes())
  await using other = await startSecure(createHandshakes({ ticketKeys: Buffer.alloc(48, 8) }))
  const session = await keepSession(lab)
  expect(await ask(other, { session })).toMatchObject({ resumed: false })
})

test('clients are asked for a certificate, and those without one are served', async () => {
  await using lab = await startSecure(createHandshakes({ clientCertificate: 'request' }))
  expect(await ask(lab)).not.toHaveProperty('client')
  const { certificate: cert, key } = client
  const body = await request(await open(lab, { cert, key }))
  expect(JSON.parse(body)).not.toHaveProperty('client')
  const [, exchange] = lab.exchanges
  expect(exchange?.connection.tls?.client?.error).toBeUndefined()
  const [own] = exchange?.connection.tls?.client?.chain ?? []
  expect(own).toEqual(new X509Certificate(cert).raw)
})

test('a certificate of another authority never counts, and is known as such', async () => {
  await using lab = await startSecure(createHandshakes({ clientCertificate: 'request' }))
  const { certificate: cert, key } = strange
  const refused = { client: expect.stringMatching(/^UNABLE_TO_/) as unknown }
  expect(await ask(lab, { cert, key })).toMatchObject(refused)
  const session = await keepSession(lab, { cert, key })
  expect(await ask(lab, { session, cert, key })).toMatchObject({ ...refused, resumed: true })
})

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'the certificate of a client stays known when its session of %s is resumed',
  async (maxVersion) => {
    const handshakes = createHandshakes({ clientCertificate: 'require' })
    await using lab = await startSecure(handshakes)
    const options = { cert: client.certificate, key: client.key, maxVersion }
    const session = await keepSession(lab, options)
    expect(await ask(lab, { ...options, session })).toMatchObject({ resumed: true })
    const [first, second] = lab.exchanges.map(({ connection }) => connection.tls?.client)
    expect(first?.error).toBeUndefined()
    expect(second?.error).toBeUndefined()
    expect(second?.chain[0]).toEqual(first?.chain[0])
    // What was proved to these authorities proves nothing to others.
    handshakes.renew({ pair, names: {}, ca: stranger.certificate })
    const later = open(lab, { ...options, session }).then((socket) => request(socket))
    await expect(later.catch(() => '')).resolves.toBe('')
    expect(lab.exchanges).toHaveLength(2)
  },
)

test('where a certificate is required nobody else is served', async () => {
  await using lab = await startSecure(createHandshakes({ clientCertificate: 'require' }))
  const { certificate: cert, key } = strange
  for (const options of [{}, { cert, key }, { maxVersion: 'TLSv1.2' as const }]) {
    const outcome = open(lab, options).then((socket) => request(socket))
    await expect(outcome.catch(() => '')).resolves.toBe('')
  }
  expect(lab.exchanges).toHaveLength(0)
  await expect
    .poll(() => lab.records.map(({ message }) => message))
    .toContainEqual(expect.stringContaining('the certificate of the client is refused'))
  const mine = { cert: client.certificate, key: client.key }
  expect(await request(await open(lab, mine))).toContain('https')
})

test('who speaks without TLS reads why it is refused', async () => {
  await using lab = await startSecure(createHandshakes())
  const socket = connectPlain(portOf(lab), '127.0.0.1').setEncoding('latin1')
  let text = ''
  socket.on('data', (chunk: string) => {
    text += chunk
  })
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(socket, 'end')
  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
  expect(text).toMatch(/write https:\/\/ instead of http:\/\/\n$/)
  expect(lab.exchanges).toHaveLength(0)
})

test('a handshake that does not go on costs only itself, and ends', async () => {
  await using lab = await startSecure(createHandshakes(), { timeouts: { header: 300 } })
  const hello = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00])
  const silent = connectPlain(portOf(lab), '127.0.0.1')
  const slow = connectPlain(portOf(lab), '127.0.0.1')
  slow.write(hello)
  const junk = connectPlain(portOf(lab), '127.0.0.1')
  junk.write(Buffer.concat([Buffer.from([0x16]), Buffer.alloc(100, 0xff)]))
  const closed = [silent, slow, junk].map((socket) => {
    socket.on('error', () => {}).resume()
    return once(socket, 'close')
  })
  expect(await ask(lab)).toMatchObject({ scheme: 'https' })
  await Promise.all(closed)
  await expect.poll(() => lab.connections).toBe(0)
  const messages = lab.records.map(({ message }) => message)
  expect(messages).toContainEqual(expect.stringContaining('took too long'))
  expect(messages).toContainEqual(expect.stringMatching(/the TLS handshake failed: .+/))
})

test('a scanner leaves a few records, and one that counts the others', async () => {
  const lab = await startSecure(createHandshakes())
  const scans = Array.from({ length: 50 }, async () => {
    const socket = connectPlain(portOf(lab), '127.0.0.1').resume()
    socket.write('GET / HTTP/1.1\r\n\r\n')
    await once(socket, 'end')
    socket.destroy()
  })
  await Promise.all(scans)
  await lab.front.stop()
  const told = lab.records.filter(({ message }) => message.includes('speaks no TLS'))
  const counted = lab.records.flatMap(({ fields }) => fields['leftOut'] ?? [])
  expect(told.length).toBeLessThan(50)
  expect(counted.reduce((sum: number, count) => sum + Number(count), told.length)).toBe(50)
})

test('a client cannot demand handshake after handshake', async () => {
  await using lab = await startSecure(createHandshakes())
  const socket = await open(lab, { maxVersion: 'TLSv1.2' })
  const failed = once(socket, 'error')
  socket.renegotiate({}, () => {})
  await failed
  expect(await ask(lab)).toMatchObject({ scheme: 'https' })
})

test('connections over the limit are closed without plain words', async () => {
  await using lab = await startSecure(createHandshakes(), { limits: { connections: 1 } })
  const first = await open(lab)
  await expect(open(lab)).rejects.toThrow(/disconnected|ECONNRESET/)
  expect(await request(first)).toContain('https')
})

test('a response in many pieces arrives whole, and a large body is read', async () => {
  await using lab = await startLab(echo, { addresses: [HTTPS], handshakes: createHandshakes() })
  const body = 'x'.repeat(3_000_000)
  const socket = await open(lab)
  const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`
  socket.setEncoding('latin1').write(head + body)
  let text = ''
  socket.on('data', (chunk: string) => {
    text += chunk
  })
  await once(socket, 'end')
  expect(text.slice(text.indexOf('\r\n\r\n') + 4)).toBe(body)
})

test('a response that is cut off is seen as such', async () => {
  const handshakes = createHandshakes()
  await using lab = await startLab(
    ({ response }) => {
      response.begin(createResponseHead(200, ['Content-Length', '10']))
      response.write(Buffer.from('12345'))
      setTimeout(() => response.abort(new Error('cut')), 50)
    },
    { addresses: [HTTPS], handshakes },
  )
  const run = promisify(execFile)
  const failed = run('curl', ['-sk', `${lab.url}/`]).catch((error: unknown) => error)
  // 18: a part of the file; 56: failure when receiving.
  expect([18, 56]).toContain(Reflect.get(Object(await failed), 'code'))
})

test('a half-closed connection gets its answer', async () => {
  await using lab = await startSecure(createHandshakes())
  const socket = await open(lab)
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  socket.end('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(socket, 'close')
  expect(text).toContain('200 OK')
})

test('a stop ends handshakes and idle connections, and lets requests finish', async () => {
  const lab = await startSecure(createHandshakes())
  const idle = await open(lab)
  const slow = connectPlain(portOf(lab), '127.0.0.1').on('error', () => {})
  slow.write(Buffer.from([0x16, 0x03, 0x01]))
  await expect.poll(() => lab.connections).toBe(2)
  const ended = [once(idle.resume(), 'close'), once(slow.resume(), 'close')]
  await lab.front.stop()
  await Promise.all(ended)
  expect(lab.connections).toBe(0)
})
