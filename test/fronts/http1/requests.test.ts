import { describe, expect, test } from 'vitest'

import { createResponseHead } from '../../../src/core/response-head.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil, sleep } from '../../support/raw-client.ts'
import { answer, echo, nameRequest, startLab } from '../support/front-lab.ts'

const HOST = 'Host: a.test\r\n'

test('requests that repeat their fields share the array, and all of a connection share its facts', async () => {
  await using lab = await startLab(nameRequest)
  using connection = await openRaw(lab.url)
  for (const [target, headers] of [
    ['/1', [['A', 'b']]],
    ['/2', [['A', 'b']]],
    ['/3', [['A', 'c']]],
  ] as const) {
    connection.send(formatRequest({ target, headers }))
    await connection.readResponse()
  }
  const [first, second, third] = lab.exchanges
  expect(second?.request.fields).toBe(first?.request.fields)
  expect(third?.request.fields).toContain('c')
  expect(second?.connection).toBe(first?.connection)
  expect(third?.connection).toBe(first?.connection)
})

test('requests on one connection are answered in order, however late the first is', async () => {
  await using lab = await startLab((exchange) => {
    if (exchange.request.path === '/slow') setTimeout(() => nameRequest(exchange), 30)
    else nameRequest(exchange)
  })
  using connection = await openRaw(lab.url)
  connection.send(
    ['/slow', '/2', '/slow', '/4'].map((target) => formatRequest({ target }).toString()).join(''),
  )
  for (const target of ['/slow', '/2', '/slow', '/4'])
    expect((await connection.readResponse()).text).toBe(`GET ${target}`)
})

test('many requests at once are all answered', async () => {
  await using lab = await startLab(nameRequest)
  using connection = await openRaw(lab.url)
  connection.send(formatRequest({ target: '/x' }).toString().repeat(3000))
  for (let i = 0; i < 3000; i++) expect((await connection.readResponse()).status).toBe(200)
})

test('read-ahead during a running request is limited', async () => {
  await using lab = await startLab(() => undefined, { timeouts: { shutdown: 50 } })
  using connection = await openRaw(lab.url)
  connection.send(formatRequest())
  await pollUntil(() => lab.exchanges[0], 'the request')
  connection.send(Buffer.alloc(32 << 20, 'x'))
  await sleep(200)
  expect(connection.socket.writableLength).toBeGreaterThan(1 << 20)
})

test('the facts of an exchange are correct', async () => {
  await using lab = await startLab(nameRequest)
  using connection = await openRaw(lab.url)
  connection.send(formatRequest({ target: '/a' }) + formatRequest({ target: '/b' }).toString())
  await connection.readResponse()
  await connection.readResponse()
  const [one, two] = lab.exchanges
  expect(one?.connection).toEqual({
    scheme: 'http',
    remoteAddress: '127.0.0.1',
    remotePort: String(connection.socket.localPort),
    localAddress: '127.0.0.1',
    localPort: new URL(lab.url).port,
    localPath: '',
    alpn: '',
  })
  expect(two?.connection).toBe(one?.connection)
  expect(one?.id).toBe(one?.id)
  expect(one?.id).not.toBe(two?.id)
  expect(one?.body).toMatchObject({ length: 0, complete: true, buffered: 0, error: undefined })
  expect(one?.startedAt).toBeLessThanOrEqual(performance.now())
})

describe('bodies', () => {
  test.each([
    ['of a known length', { body: 'x'.repeat(300_000) }],
    ['of chunks', { chunks: Array.from({ length: 30 }, () => 'y'.repeat(10_000)) }],
  ])('%s arrive whole', async (_name, request) => {
    await using lab = await startLab(echo)
    const sent = 'body' in request ? request.body : request.chunks.join('')
    using connection = await openRaw(lab.url)
    for (let i = 0; i < 2; i++) {
      connection.send(formatRequest({ method: 'POST', ...request }))
      expect((await connection.readFinalResponse()).text).toBe(sent)
    }
    expect(lab.exchanges[0]?.body.length).toBe(sent.length)
  })

  test('in single bytes arrive whole', async () => {
    await using lab = await startLab(echo)
    using connection = await openRaw(lab.url)
    const bytes = formatRequest({ method: 'POST', chunks: ['hello', ' you'] })
    await connection.sendPieces(
      [...bytes].map((byte) => Uint8Array.of(byte)),
      0,
    )
    expect((await connection.readResponse()).text).toBe('hello you')
  })

  test('that are not read cause backpressure', async () => {
    await using lab = await startLab(() => undefined, { timeouts: { shutdown: 50 } })
    using connection = await openRaw(lab.url)
    connection.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 33554432\r\n\r\n`)
    connection.send(Buffer.alloc(32 << 20, 'x'))
    await pollUntil(
      () => (lab.exchanges[0]?.body.buffered === 65_536 ? true : undefined),
      'the read-ahead',
    )
    await sleep(100)
    const body = lab.exchanges[0]?.body
    expect(body).toMatchObject({ buffered: 65_536, complete: false, length: 32 << 20 })
    expect(connection.socket.writableLength).toBeGreaterThan(1 << 20)
    body?.request(1 << 20)
    await pollUntil(() => (body?.buffered === 1 << 20 ? true : undefined), 'the larger window')
    expect(body?.take(10)).toHaveLength(10)
    expect(body?.take()).toHaveLength((1 << 20) - 10)
    expect(body?.take()).toBeUndefined()
    await pollUntil(
      () => (body?.buffered === 1 << 20 ? true : undefined),
      'the window to fill again',
    )
  })

  test('that are short are complete when the handler is called', async () => {
    const seen: unknown[] = []
    await using lab = await startLab((exchange) => {
      seen.push(exchange.body.complete, exchange.body.length)
      echo(exchange)
    })
    await fetchRaw(lab.url, { method: 'POST', body: 'hello' })
    await fetchRaw(lab.url, { method: 'POST', chunks: ['hello', 'you'] })
    expect(seen).toEqual([true, 5, true, 8])
  })

  test('that break while they are read are an error, and a 400', async () => {
    const errors: (Error | undefined)[] = []
    await using lab = await startLab((exchange) => {
      exchange.body.onProgress = () => errors.push(exchange.body.error)
      exchange.body.request(1000)
    })
    using connection = await openRaw(lab.url)
    connection.send(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`)
    await pollUntil(() => lab.exchanges[0], 'the request')
    connection.send(`zz\r\n${formatRequest({ target: '/smuggled' }).toString()}`)
    const responses = await connection.readUntilEnd()
    expect(responses.map((response) => response.status)).toEqual([400])
    expect(errors.at(-1)).toMatchObject({ code: 'REQUEST_MALFORMED' })
    expect(lab.outcomes[0]).toMatchObject({ status: 400, error: { code: 'REQUEST_MALFORMED' } })
    expect(lab.exchanges).toHaveLength(1)
  })

  test('that break after a complete answer do no harm', async () => {
    await using lab = await startLab(nameRequest)
    using connection = await openRaw(lab.url)
    connection.send(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`)
    expect((await connection.readResponse()).status).toBe(200)
    connection.send(`zz\r\n${formatRequest({ target: '/smuggled' }).toString()}`)
    expect(await connection.readUntilEnd()).toEqual([])
    expect(lab.exchanges).toHaveLength(1)
  })

  test('over the limit are refused, announced or not', async () => {
    await using lab = await startLab(echo, { limits: { body: 100 } })
    expect((await fetchRaw(lab.url, { method: 'POST', body: 'x'.repeat(100) })).status).toBe(200)
    expect((await fetchRaw(lab.url, { method: 'POST', body: 'x'.repeat(101) })).status).toBe(413)
    const chunks = ['x'.repeat(60), 'x'.repeat(60)]
    expect((await fetchRaw(lab.url, { method: 'POST', chunks })).status).toBe(413)
  })

  test('that end by a half-close are an error, and a 400', async () => {
    await using lab = await startLab(echo)
    using connection = await openRaw(lab.url)
    connection.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nhello`)
    connection.finishSending()
    expect((await connection.readUntilEnd()).map((response) => response.status)).toEqual([400])
  })
})

describe('Expect: 100-continue', () => {
  const expecting = { method: 'POST', headers: [['Expect', '100-continue']] } as const
  const head = `POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`

  test('is answered when the body is requested', async () => {
    await using lab = await startLab((exchange) => {
      expect(exchange.body.expectsContinue).toBe(true)
      setTimeout(() => echo(exchange), 20)
    })
    using connection = await openRaw(lab.url)
    connection.send(head)
    expect((await connection.readResponse()).status).toBe(100)
    expect(lab.exchanges[0]?.body.expectsContinue).toBe(false)
    connection.send('hello')
    expect((await connection.readResponse()).text).toBe('hello')
    connection.send(head)
    expect((await connection.readResponse()).status).toBe(100)
  })

  test('is not answered when the body came at once, nor to HTTP/1.0', async () => {
    await using lab = await startLab(echo)
    expect(await fetchRaw(lab.url, { ...expecting, body: 'hello' })).toMatchObject({
      text: 'hello',
      interim: [],
    })
    const old = await fetchRaw(lab.url, { ...expecting, version: '1.0', body: 'hello' })
    expect(old).toMatchObject({ text: 'hello', interim: [] })
  })

  test('a final answer without reading closes, and the body is not a request', async () => {
    await using lab = await startLab((exchange) => {
      answer(exchange, 'no', { status: 401 })
      exchange.body.request(10)
    })
    using connection = await openRaw(lab.url)
    connection.send(head)
    const response = await connection.readResponse()
    expect(response.status).toBe(401)
    expect(response.header('Connection')).toBe('close')
    connection.send(formatRequest({ target: '/smuggled' }))
    expect(await connection.readUntilEnd()).toEqual([])
    expect(lab.exchanges).toHaveLength(1)
  })
})

describe('an answer without reading the body', () => {
  test('keeps the connection when the rest is short', async () => {
    await using lab = await startLab(nameRequest)
    using connection = await openRaw(lab.url)
    connection.send(`POST /1 HTTP/1.1\r\n${HOST}Content-Length: 100000\r\n\r\n`)
    const response = await connection.readResponse()
    expect(response.header('Connection')).toBeUndefined()
    connection.send('GET /smuggled HTTP/1.1\r\n\r\n'.padEnd(100_000, 'x'))
    connection.send(formatRequest({ target: '/2' }))
    expect((await connection.readResponse()).text).toBe('GET /2')
    expect(lab.exchanges).toHaveLength(2)
  })

  test('keeps the connection after short chunks', async () => {
    await using lab = await startLab(nameRequest)
    using connection = await openRaw(lab.url)
    connection.send(formatRequest({ method: 'POST', chunks: ['GET /smuggled HTTP/1.1\r\n\r\n'] }))
    connection.send(formatRequest({ target: '/2' }))
    expect((await connection.readResponse()).text).toBe('POST /')
    expect((await connection.readResponse()).text).toBe('GET /2')
  })

  test.each([
    ['a known length', `Content-Length: ${16 << 20}\r\n\r\n`, ''],
    ['chunks', 'Transfer-Encoding: chunked\r\n\r\n', `${(16 << 20).toString(16)}\r\n`],
  ])('arrives though megabytes of %s are on their way', async (_name, framing, prefix) => {
    await using lab = await startLab((exchange) => answer(exchange, 'no', { status: 413 }))
    using connection = await openRaw(lab.url)
    connection.send(`POST / HTTP/1.1\r\n${HOST}${framing}${prefix}`)
    connection.pause()
    await connection.sendAll(Buffer.alloc(16 << 20, 'x'))
    connection.resume()
    connection.send(formatRequest({ target: '/smuggled' }))
    const responses = await connection.readUntilEnd()
    expect(responses.map((response) => response.status)).toEqual([413])
    expect(connection.error).toBeUndefined()
    expect(lab.exchanges).toHaveLength(1)
  })
})

describe('refusals', () => {
  test.each([
    ['GET / HTTP/1.1\r\n\r\n', 400],
    [`GET / HTTP/2.0\r\n${HOST}\r\n`, 505],
    [`BREW / HTTP/1.1\r\n${HOST}\r\n`, 501],
    [`GET /${'x'.repeat(40_000)} HTTP/1.1\r\n${HOST}\r\n`, 414],
    [`GET / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
    ['\x16\x03\x01', 400],
  ])('are one answer, then the connection closes: %#', async (bytes, status) => {
    await using lab = await startLab(nameRequest)
    using connection = await openRaw(lab.url)
    connection.send(formatRequest({ target: '/1' }))
    await connection.readResponse()
    connection.send(bytes)
    connection.send(formatRequest({ target: '/smuggled' }))
    const responses = await connection.readUntilEnd()
    expect(responses.map((response) => response.status)).toEqual([status])
    expect(responses[0]?.header('Connection')).toBe('close')
    expect(responses[0]?.header('Content-Type')).toContain('text/plain')
    expect(connection.error).toBeUndefined()
    expect(lab.exchanges).toHaveLength(1)
  })

  test('bytes after a closing request do not damage its answer', async () => {
    await using lab = await startLab((exchange) => setTimeout(() => nameRequest(exchange), 20))
    using connection = await openRaw(lab.url)
    connection.send(`GET /1 HTTP/1.1\r\n${HOST}Connection: foo, close\r\n\r\njunk\x00\r\n\r\n`)
    const responses = await connection.readUntilEnd()
    expect(responses.map((response) => response.text)).toEqual(['GET /1'])
    expect(connection.error).toBeUndefined()
  })

  test('an Upgrade is ignored, and its body is read', async () => {
    await using lab = await startLab(echo)
    using connection = await openRaw(lab.url)
    const headers = [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
    ] as const
    connection.send(formatRequest({ method: 'POST', headers, body: 'hello' }))
    connection.send(formatRequest({ method: 'POST', headers, chunks: ['you'] }))
    expect((await connection.readResponse()).text).toBe('hello')
    expect((await connection.readResponse()).text).toBe('you')
  })
})

describe('a client', () => {
  test('that half-closes is answered, also with pipelining and streams', async () => {
    await using lab = await startLab((exchange) => {
      setTimeout(() => {
        exchange.response.begin(createResponseHead(200, []))
        exchange.response.write(Buffer.from(exchange.request.target))
        setTimeout(() => exchange.response.end(), 10)
      }, 10)
    })
    using connection = await openRaw(lab.url)
    connection.send(formatRequest({ target: '/1' }) + formatRequest({ target: '/2' }).toString())
    connection.finishSending()
    const responses = await connection.readUntilEnd()
    expect(responses.map((response) => response.text)).toEqual(['/1', '/2'])
  })

  test('that resets ends its exchange', async () => {
    await using lab = await startLab(() => undefined)
    const connection = await openRaw(lab.url)
    connection.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nhello`)
    const exchange = await pollUntil(() => lab.exchanges[0], 'the request')
    connection.reset()
    await pollUntil(() => lab.outcomes[0], 'the end of the exchange')
    expect(lab.outcomes[0]).toMatchObject({ status: 0, error: { code: 'CLIENT_DISCONNECTED' } })
    expect(exchange.body.error).toMatchObject({ code: 'CLIENT_DISCONNECTED' })
    expect(exchange.response.finished).toBe(true)
    expect(exchange.response.write(Buffer.from('x'))).toBe(true)
    let late: unknown
    exchange.onFinish((outcome) => {
      late = outcome
    })
    expect(late).toMatchObject({ ...lab.outcomes[0] })
  })

  test('that resets after a long pipeline is detected, too', async () => {
    await using lab = await startLab((exchange) => {
      if (exchange.request.path === '/last') return
      setTimeout(() => nameRequest(exchange), exchange.request.path === '/first' ? 100 : 0)
    })
    const connection = await openRaw(lab.url)
    const filler = formatRequest({ target: `/${'x'.repeat(5000)}` }).toString()
    connection.send(formatRequest({ target: '/first' }))
    await pollUntil(() => lab.exchanges[0], 'the first request')
    connection.send(filler.repeat(8) + formatRequest({ target: '/last' }).toString())
    await pollUntil(() => lab.exchanges[9], 'the last request')
    connection.reset()
    await pollUntil(() => lab.outcomes[9], 'the end of the last exchange')
    expect(lab.outcomes[9]).toMatchObject({ error: { code: 'CLIENT_DISCONNECTED' } })
  })

  test('that disconnects while a stream is written ends it', async () => {
    await using lab = await startLab(({ response }) => {
      response.begin(createResponseHead(200, []))
      const timer = setInterval(() => response.write(Buffer.from('tick')), 5)
      lab.exchanges[0]?.onFinish(() => clearInterval(timer))
    })
    const connection = await openRaw(lab.url)
    connection.send(formatRequest())
    await connection.waitUntil(() => connection.received > 300, 'some of the stream')
    connection.destroy()
    await pollUntil(() => lab.outcomes[0], 'the end of the exchange')
    expect(lab.outcomes[0]).toMatchObject({ status: 200, error: { code: 'CLIENT_DISCONNECTED' } })
  })
})
