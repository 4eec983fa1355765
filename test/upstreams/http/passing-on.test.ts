import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { settle } from '../../support/settle.ts'
import { createTextHead } from '../../../src/core/response-head.ts'
import type { HttpClientOptions } from '../../../src/upstreams/http/http-client.ts'
import { createCertificate } from '../../support/certificate.ts'
import { startHttpLab, type HttpLab, type HttpLabOptions } from './support/http-lab.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A server of Node with a lab before it. */
class NodeLab {
  readonly lab: HttpLab
  readonly #server: Server

  constructor(lab: HttpLab, server: Server) {
    this.lab = lab
    this.#server = server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]()
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

async function startNodeLab(answer: Answer, options: HttpLabOptions = {}): Promise<NodeLab> {
  const server = createServer(answer)
  return new NodeLab(await startHttpLab([await listen(server)], options), server)
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port }: AddressInfo = JSON.parse(JSON.stringify(server.address()))
  return port
}

/** Answers with the request: its target, fields and body. */
const echo: Answer = async (request, response) => {
  const body = await buffer(request)
  const { method, url, rawHeaders } = request
  response.end(JSON.stringify({ method, url, rawHeaders, body: body.toString('latin1') }))
}

interface Seen {
  readonly method: string
  readonly url: string
  readonly fields: readonly (readonly [string, string])[]
  readonly body: string
  value(name: string): string | undefined
}

/** What the upstream has got. */
async function see(lab: HttpLab, request: string): Promise<Seen> {
  const { text } = await lab.ask(request)
  const { rawHeaders, ...rest } = JSON.parse(Buffer.from(text, 'latin1').toString('utf8'))
  const fields: (readonly [string, string])[] = []
  for (let at = 0; at < rawHeaders.length; at += 2)
    fields.push([rawHeaders[at], rawHeaders[at + 1]])
  const value = (name: string): string | undefined =>
    fields.find(([one]) => one.toLowerCase() === name.toLowerCase())?.[1]
  return { ...rest, fields, value }
}

test('fields of the connection and of other proxies are replaced', async () => {
  await using node = await startNodeLab(echo)
  const lines = [
    'Host: shop.test:8080',
    'Cookie: a=1',
    'Connection: keep-alive, X-Named',
    'X-Named: 1',
    'Keep-Alive: 5',
    'TE: trailers',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
    'Proxy-Authorization: Basic eA==',
    'Proxy: http://evil.test',
    'Forwarded: for=6.6.6.6',
    'X-Forwarded-For: 6.6.6.6',
    'X-Forwarded-Host: evil.test',
    'X-Forwarded-Server: evil.test',
    'X_Forwarded_For: 6.6.6.6',
    'X-Real-IP: 6.6.6.6',
    'Via: 1.0 old',
    'Via: 1.1 new',
    'Cookie: b=2',
    'X-Text: \xe9',
  ]
  const { fields } = await see(node.lab, `GET / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  expect(fields).toEqual([
    ['host', 'shop.test:8080'],
    ['connection', 'keep-alive'],
    ['Cookie', 'a=1'],
    ['Cookie', 'b=2'],
    ['X-Text', '\xe9'],
    ['Via', '1.0 old, 1.1 new, 1.1 taipan'],
    ['Forwarded', 'for=127.0.0.1;host="shop.test:8080";proto=http'],
    ['X-Forwarded-For', '127.0.0.1'],
    ['X-Forwarded-Host', 'shop.test:8080'],
    ['X-Forwarded-Proto', 'http'],
  ])
})

test('requests of one client with other fields are told apart', async () => {
  await using node = await startNodeLab(echo)
  using client = await node.lab.connect()
  for (const name of ['a', 'a', 'b', 'a']) {
    client.send(`GET /${name} HTTP/1.1\r\nHost: t\r\nX-Name: ${name}\r\n\r\n`)
    const { text } = await client.readFinalResponse()
    expect(text).toContain(`"X-Name","${name}"`)
  }
})

test('Host can be set, and a client without one gets that of the upstream', async () => {
  await using set = await startNodeLab(echo, { client: { host: 'inner.test' } })
  const seen = await see(set.lab, 'GET / HTTP/1.1\r\nHost: outer.test\r\n\r\n')
  expect([seen.value('Host'), seen.value('X-Forwarded-Host')]).toEqual(['inner.test', 'outer.test'])
  await using kept = await startNodeLab(echo)
  const old = await see(kept.lab, 'GET / HTTP/1.0\r\n\r\n')
  expect(old.value('Host')).toMatch(/^127\.0\.0\.1:\d+$/)
  expect(old.value('X-Forwarded-Host')).toBeUndefined()
  expect(old.value('Forwarded')).toBe('for=127.0.0.1;proto=http')
})

test.each([
  ['/api', '/', '/api'],
  ['/api/', '/', '/api'],
  ['/api?a=b', '/?a=b', '/api'],
  ['/api/a%20b/c%2Fd?e=%20&f?', '/a%20b/c%2Fd?e=%20&f?', '/api'],
  ['/%61pi/%7e%zz', '/%7e%zz', '/%61pi'],
  ['/api//a//', '//a//', '/api'],
])('%s below /api is %s', async (target, url, prefix) => {
  await using node = await startNodeLab(echo, { mount: '/api' })
  const seen = await see(node.lab, `GET ${target} HTTP/1.1\r\nHost: t\r\n\r\n`)
  expect(seen.url).toBe(url)
  expect(seen.value('X-Forwarded-Prefix')).toBe(prefix)
})

test('bodies arrive with their length, or chunked', async () => {
  await using node = await startNodeLab(echo)
  const known = await see(
    node.lab,
    'POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello',
  )
  expect([known.body, known.value('Content-Length'), known.value('Expect')]).toEqual([
    'hello',
    '5',
    undefined,
  ])
  using client = await node.lab.connect()
  client.send('PUT / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
  await expect.poll(() => node.lab.upstream.statistics.running).toBe(1)
  client.send('6\r\n world\r\n0\r\nX-Trailer: a\r\n\r\n')
  const { text } = await client.readFinalResponse()
  const { body, rawHeaders } = JSON.parse(text)
  expect(body).toBe('hello world')
  expect(rawHeaders.join(' ')).toMatch(/transfer-encoding chunked/i)
  expect(rawHeaders.join(' ')).not.toMatch(/content-length/i)
  const none = await see(node.lab, 'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n')
  expect([none.body, none.value('Content-Length')]).toEqual(['', '0'])
  const deletion = await see(
    node.lab,
    'DELETE / HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nok',
  )
  expect([deletion.body, deletion.value('Content-Length')]).toEqual(['ok', '2'])
})

test('an upload is as fast as the upstream reads it', async () => {
  let begin = (): void => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  await using node = await startNodeLab(async (request, response) => {
    await begun
    response.end(String((await buffer(request)).length))
  })
  using client = await node.lab.connect()
  const size = 64 << 20
  client.send(`POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${size}\r\n\r\n`)
  const piece = Buffer.alloc(1 << 20)
  let accepted = 0
  const send = async (): Promise<void> => {
    for (; accepted < size; accepted += piece.length) await client.sendAll(piece)
  }
  const sent = send()
  expect(await settle(() => accepted)).toBeLessThan(size / 2)
  begin()
  await sent
  expect((await client.readFinalResponse()).text).toBe(String(size))
})

test('a client that does not read holds the upstream back', async () => {
  let written = 0
  const size = 64 << 20
  await using node = await startNodeLab((_request, response) => {
    const piece = Buffer.alloc(65_536)
    const write = (): void => {
      while (written < size) {
        written += piece.length
        if (!response.write(piece)) {
          response.once('drain', write)
          return
        }
      }
      response.end()
    }
    write()
  })
  using client = await node.lab.connect()
  client.discard()
  client.pause()
  client.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
  await expect.poll(() => written).toBeGreaterThan(0)
  expect(await settle(() => written)).toBeLessThan(size / 2)
  client.resume()
  await client.waitUntil(() => client.received > size, 'the whole body')
})

test('each event of a stream arrives when it is sent', async () => {
  let send = (_text: string): void => {}
  await using node = await startNodeLab((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders()
    send = (text) => void (text === '' ? response.end() : response.write(text))
  })
  using client = await node.lab.connect()
  client.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
  await client.waitUntil(() => client.rest.includes('text/event-stream'), 'the head')
  for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
    send(text)
    await client.waitUntil(() => client.rest.includes(text), text)
  }
  send('')
  expect((await client.readFinalResponse()).text).toBe('data: 1\n\ndata: 2\n\n')
})

test('HEAD has the fields of GET and no body, and trailers are dropped', async () => {
  await using node = await startNodeLab((_request, response) => {
    response.writeHead(200, { 'Content-Length': '5', 'X-Name': 'a' }).end('hello')
  })
  const head = await node.lab.ask('HEAD / HTTP/1.1\r\nHost: t\r\n\r\n')
  expect([head.header('Content-Length'), head.header('X-Name'), head.text]).toEqual(['5', 'a', ''])
  await using trailing = await startNodeLab((_request, response) => {
    response.writeHead(200, { Trailer: 'X-Sum' })
    response.write('hello')
    response.addTrailers({ 'X-Sum': '1' })
    response.end()
  })
  const answer = await trailing.lab.ask('GET / HTTP/1.1\r\nHost: t\r\nTE: trailers\r\n\r\n')
  expect([answer.text, answer.trailers, answer.header('Trailer')]).toEqual(['hello', [], undefined])
})

test('Location and cookies are left alone, unless it is asked for', async () => {
  const sent: Answer = (request, response) => {
    const { host = '' } = request.headers
    const location = request.url === '/' ? '/login?a' : `http://${host}/a/b?c#d`
    response.writeHead(302, {
      Location: location,
      'Set-Cookie': ['a=1; Path=/; HttpOnly', 'b=2;path=/b', 'c=3'],
    })
    response.end()
  }
  await using kept = await startNodeLab(sent, { mount: '/api' })
  const plain = await kept.lab.ask('GET /api/ HTTP/1.1\r\nHost: t\r\n\r\n')
  expect(plain.header('Location')).toBe('/login?a')
  expect(plain.headers('Set-Cookie')[0]).toBe('a=1; Path=/; HttpOnly')
  const rewriting = { location: true, cookies: true }
  await using changed = await startNodeLab(sent, { mount: '/api', client: { rewriting } })
  const path = await changed.lab.ask('GET /api/ HTTP/1.1\r\nHost: t\r\n\r\n')
  expect(path.header('Location')).toBe('/api/login?a')
  expect(path.headers('Set-Cookie')).toEqual(['a=1; Path=/api; HttpOnly', 'b=2;path=/api/b', 'c=3'])
  const other = await changed.lab.ask('GET /api/x HTTP/1.1\r\nHost: other.test\r\n\r\n')
  expect(other.header('Location')).toBe('http://other.test/a/b?c#d')
  const own = await changed.lab.ask('GET /api/x HTTP/1.0\r\n\r\n')
  expect(own.header('Location')).toBe('/api/a/b?c#d')
})

test('a file that the upstream names is sent in place of its body, where that is wanted', async () => {
  const sent: Answer = (request, response) => {
    response.statusCode = request.url === '/gone' ? 404 : 200
    response.setHeader('X-Sendfile', '/srv/a.txt').end('a body')
  }
  await using plain = await startNodeLab(sent)
  const named = await plain.lab.ask('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
  expect([named.text, named.header('X-Sendfile')]).toEqual(['a body', '/srv/a.txt'])
  const onNamedFile: HttpClientOptions['onNamedFile'] = ({ response }, { field, value }) =>
    response.send(createTextHead(200, 22), `${field} ${value}`.padEnd(22))
  await using sending = await startNodeLab(sent, { client: { onNamedFile } })
  const file = await sending.lab.ask('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
  expect(file.text.trim()).toBe('x-sendfile /srv/a.txt')
  const gone = await sending.lab.ask('GET /gone HTTP/1.1\r\nHost: t\r\n\r\n')
  expect([gone.status, gone.text]).toEqual([404, 'a body'])
})

test('https is spoken, whatever Host says', async () => {
  const certificate = createCertificate()
  const server = createTlsServer(certificate, echo)
  const port = await listen(server)
  let sockets = 0
  server.on('secureConnection', () => (sockets += 1))
  const tls = { serverName: '127.0.0.1', ca: certificate.cert, insecure: false }
  const place = { kind: 'tcp', host: '127.0.0.1', port } as const
  const origin = { url: `https://127.0.0.1:${port}`, place, tls }
  await using lab = await startHttpLab([port], { client: { origin } })
  let requests = 0
  const ask = async (): Promise<number> => {
    const host = ['a.test', 'b.test', '127.0.0.1'][requests % 3]
    const seen = await see(lab, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    expect(seen.value('Host')).toBe(host)
    requests += 1
    return requests - sockets
  }
  await expect.poll(ask).toBeGreaterThan(3)
  const strict = { ...origin, tls: { ...tls, ca: undefined } }
  await using distrustful = await startHttpLab([port], { client: { origin: strict } })
  expect((await distrustful.ask('GET / HTTP/1.1\r\nHost: t\r\n\r\n')).status).toBe(503)
  expect(distrustful.records).toMatchObject([{ reason: 'self-signed certificate' }])
  server.closeAllConnections()
  server.close()
})
