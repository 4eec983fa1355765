import { describe, expect, test } from 'vitest'

import type { Exchange } from '../../../src/core/exchange.ts'
import { FieldBlock } from '../../../src/core/field-block.ts'
import { createResponseHead } from '../../../src/core/response-head.ts'
import {
  formatData,
  formatHead,
  formatNumber,
  formatSettings,
  formatWideStart,
  Frame,
  PREFACE,
  requestFields,
} from '../../support/http2-frames.ts'
import { fetchRaw, openRaw, pollUntil } from '../../support/raw-client.ts'
import { answer, FAILURE, nameRequest, startLab } from '../support/front-lab.ts'
import { Code, openFrames } from './support.ts'

describe('the choice of the protocol', () => {
  test('a connection without a preface is HTTP/1', async () => {
    await using lab = await startLab(nameRequest)
    expect((await fetchRaw(lab.url, '/one')).body.toString()).toBe('GET /one')
    expect(lab.exchanges[0]?.request.version).toBe('1.1')
  })

  test('a preface after a request is none', async () => {
    await using lab = await startLab(nameRequest)
    using connection = await openRaw(lab.url)
    connection.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await connection.readResponse()
    connection.send(PREFACE)
    expect((await connection.readResponse()).status).toBe(505)
  })

  test('without the option, the preface is refused', async () => {
    await using lab = await startLab(nameRequest, { http2: false })
    using connection = await openRaw(lab.url)
    connection.send(PREFACE)
    expect((await connection.readResponse()).status).toBe(505)
  })

  test('what begins like a preface and goes on otherwise ends the connection', async () => {
    await using lab = await startLab(nameRequest)
    using connection = await openRaw(lab.url)
    connection.send('PRI * HTTP/2.0\r\nHost: a\r\n\r\n')
    await connection.waitForEnd()
    expect(lab.exchanges).toEqual([])
  })
})

describe('requests', () => {
  test('crumbs of cookies are one field', async () => {
    await using lab = await startLab(nameRequest)
    using client = await openFrames(lab.url)
    const crumbs = [
      ['cookie', 'a=1'],
      ['x-one', 'eins'],
      ['cookie', 'b=2'],
    ] as const
    client.send(formatWideStart(), formatHead(1, requestFields('/', 'GET', crumbs)))
    await client.waitFor(Frame.DATA, 1)
    expect(lab.exchanges[0]?.request.fields).toEqual([
      'host',
      'taipan.test',
      'cookie',
      'a=1; b=2',
      'x-one',
      'eins',
    ])
  })

  test('equal fields of two requests are one array', async () => {
    await using lab = await startLab(nameRequest)
    using client = await openFrames(lab.url)
    client.send(formatWideStart(), formatHead(1, requestFields()), formatHead(3, requestFields()))
    await client.waitFor(Frame.DATA, 3)
    const [first, second] = lab.exchanges
    expect(second?.request.fields).toBe(first?.request.fields)
  })

  test.each<[string, readonly (readonly [string, string])[]]>([
    ['another Host than the authority', requestFields('/', 'GET', [['host', 'other.test']])],
    ['a target that is no path', requestFields('nothing')],
    ['raw bytes in the target', requestFields('/\u00e4')],
    ['a scheme that is not HTTP', requestFields().with(1, [':scheme', 'ftp'])],
    ['a length that is none', requestFields('/', 'GET', [['content-length', '4x']])],
  ])('%s is refused', async (_name, fields) => {
    await using lab = await startLab(nameRequest)
    using client = await openFrames(lab.url)
    client.send(formatWideStart(), formatHead(1, fields))
    await client.raw.waitUntil(
      () =>
        client.find(Frame.RST_STREAM, 1) !== undefined || client.find(Frame.DATA, 1) !== undefined,
      'the refusal',
    )
    expect(lab.exchanges).toEqual([])
    expect(client.raw.ended).toBe(false)
  })

  test.each([
    ['connection', 'close'],
    ['transfer-encoding', 'chunked'],
    ['upgrade', 'h2c'],
    ['te', 'gzip'],
    ['X-Upper', 'a'],
  ])('the field %s is refused', async (name, value) => {
    await using lab = await startLab(nameRequest)
    using client = await openFrames(lab.url)
    client.send(formatWideStart(), formatHead(1, requestFields('/', 'GET', [[name, value]])))
    expect(await client.waitForReset(1)).toBe(Code.PROTOCOL_ERROR)
    expect(lab.exchanges).toEqual([])
  })

  test('a body of another length than announced is broken', async () => {
    await using lab = await startLab(({ body }) => body.request(65_536))
    using client = await openFrames(lab.url)
    const fields = requestFields('/', 'POST', [['content-length', '9']])
    client.send(formatWideStart(), formatHead(1, fields, 0))
    await pollUntil(() => lab.exchanges[0], 'the request')
    client.send(formatData(1, 'short', true))
    expect(await client.waitForReset(1)).toBe(Code.PROTOCOL_ERROR)
    await pollUntil(() => lab.outcomes[0]?.error, 'the outcome')
  })

  test('a client that waits for 100 Continue gets it when the body is wanted', async () => {
    await using lab = await startLab((exchange) => {
      exchange.body.onProgress = () => {
        if (exchange.body.complete) answer(exchange, 'done')
      }
      exchange.body.request(65_536)
    })
    using client = await openFrames(lab.url)
    const fields = requestFields('/', 'POST', [['expect', '100-continue']])
    client.send(formatWideStart(), formatHead(1, fields, 0))
    await client.waitFor(Frame.HEADERS, 1)
    expect(lab.outcomes).toEqual([])
    client.send(formatData(1, 'body', true))
    expect((await client.waitFor(Frame.DATA, 1)).payload.toString()).toBe('done')
  })
})

test('the requests of a connection are counted, and their bytes as in HTTP/1', async () => {
  await using lab = await startLab((exchange) =>
    answer(exchange, 'hello', { fields: ['X-One', 'eins'] }),
  )
  using client = await openFrames(lab.url)
  client.send(
    formatWideStart(),
    formatHead(1, requestFields('/', 'GET')),
    formatHead(3, requestFields('/longer', 'GET')),
  )
  await client.waitFor(Frame.DATA, 3)
  await pollUntil(() => lab.transfers[1], 'the end of both')
  const received = 'GET / HTTP/1.1\r\nhost: taipan.test\r\n\r\n'.length
  const sent = 'HTTP/1.1 200 OK\r\nX-One: eins\r\n\r\nhello'.length
  const fields = new FieldBlock('X-One: eins\r\n')
  expect(lab.transfers).toEqual([
    { fields, received, sent, earlier: 0 },
    { fields, received: received + 'longer'.length, sent, earlier: 1 },
  ])
})

describe('responses', () => {
  test.each([
    ['small', 5],
    ['large', 300_000],
  ])('a %s answer to a body that was read is whole', async (_what, size) => {
    await using lab = await startLab((exchange) => {
      exchange.body.onProgress = () => {
        if (exchange.body.complete) answer(exchange, 'x'.repeat(size))
      }
      exchange.body.request(65_536)
    })
    using client = await openFrames(lab.url)
    client.send(formatWideStart(), formatHead(1, requestFields('/', 'POST'), 0))
    client.send(formatData(1, 'body', true))
    await pollUntil(() => lab.outcomes[0], 'the outcome')
    expect(lab.outcomes).toEqual([{ status: 200, bytes: size, error: undefined }])
  })

  test('an answer to a body that the client does not take is not whole', async () => {
    await using lab = await startLab((exchange) => {
      exchange.body.onProgress = () => {
        if (exchange.body.complete) answer(exchange, 'x'.repeat(300_000))
      }
      exchange.body.request(65_536)
    })
    using client = await openFrames(lab.url)
    client.send(PREFACE, formatSettings())
    client.send(formatHead(1, requestFields('/', 'POST'), 0), formatData(1, 'body', true))
    await client.waitFor(Frame.DATA, 1)
    client.send(formatNumber(Frame.RST_STREAM, 1, Code.NO_ERROR))
    await pollUntil(() => lab.outcomes[0], 'the outcome')
    expect(lab.outcomes[0]?.error).toMatchObject({ code: 'CLIENT_DISCONNECTED' })
  })

  test('interim responses and trailers arrive', async () => {
    await using lab = await startLab(({ response }) => {
      response.inform(103, new FieldBlock('Link: </a.css>; rel=preload\r\n'))
      response.begin(createResponseHead(200, []))
      response.write(Buffer.from('body'))
      response.end(new FieldBlock('X-Sum: 42\r\n'))
    })
    using client = await openFrames(lab.url)
    client.send(formatWideStart(), formatHead(1, requestFields()))
    await client.raw.waitUntil(
      () => client.frames.filter(({ type }) => type === Frame.HEADERS).length === 3,
      'three heads',
    )
    const last = client.frames.findLast(({ type }) => type === Frame.HEADERS)
    expect(last?.flags).toBe(5)
    await pollUntil(() => lab.outcomes[0], 'the outcome')
    expect(lab.outcomes).toEqual([{ status: 200, bytes: 4, error: undefined }])
  })

  test('a response that fails late resets its stream alone', async () => {
    await using lab = await startLab((exchange) => {
      if (exchange.request.path === '/good') {
        nameRequest(exchange)
        return
      }
      exchange.response.begin(createResponseHead(200, []))
      exchange.response.write(Buffer.from('abc'))
      setTimeout(() => exchange.response.abort(FAILURE), 20)
    })
    using client = await openFrames(lab.url)
    client.send(formatWideStart(), formatHead(1, requestFields()))
    expect(await client.waitForReset(1)).toBe(Code.INTERNAL_ERROR)
    client.send(formatHead(3, requestFields('/good')))
    await client.waitFor(Frame.DATA, 3)
    expect(lab.outcomes[0]?.error).toBe(FAILURE)
  })

  test('an answer before the end of the body tells that the rest is not wanted', async () => {
    await using lab = await startLab((exchange) => answer(exchange, 'enough'))
    using client = await openFrames(lab.url)
    client.send(formatWideStart(), formatHead(1, requestFields('/', 'POST'), 0))
    expect(await client.waitForReset(1)).toBe(Code.NO_ERROR)
    expect(client.find(Frame.DATA, 1)?.payload.toString()).toBe('enough')
    client.send(formatHead(3, requestFields()))
    await client.waitFor(Frame.DATA, 3)
    expect(lab.outcomes.map(({ error }) => error)).toEqual([undefined, undefined])
  })

  test('answers before the end of bodies arrive, however many there are', async () => {
    await using lab = await startLab((exchange) => answer(exchange, ''))
    using client = await openFrames(lab.url)
    client.send(formatWideStart())
    for (let first = 1; first < 800; first += 20) {
      const ids = Array.from({ length: 10 }, (_, at) => first + 2 * at)
      const asked = ids.flatMap((id) => [
        formatHead(id, requestFields('/', 'POST'), 0),
        formatData(id, 'x'.repeat(1000), true),
      ])
      client.send(Buffer.concat(asked))
      for (const id of ids) await client.waitFor(Frame.HEADERS, id)
    }
  })

  test('fields that are repeated stay, and those of HTTP/1 alone do not', async () => {
    await using lab = await startLab((exchange) =>
      answer(exchange, 'x', {
        fields: [
          'Set-Cookie',
          'a=1',
          'Set-Cookie',
          'b=2',
          'Connection',
          'close',
          'Vary',
          'A',
          'Vary',
          'B',
        ],
      }),
    )
    const { connect } = await import('node:http2')
    const session = connect(lab.url)
    const stream = session.request({ ':path': '/' })
    const headers = await new Promise<Record<string, unknown>>((resolve) => {
      stream.on('response', resolve)
    })
    stream.close()
    session.destroy()
    expect(headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], vary: 'A, B' })
    expect(headers['connection']).toBeUndefined()
  })

  test('a reset by the client ends its exchange alone', async () => {
    const held: Exchange[] = []
    await using lab = await startLab((exchange) => held.push(exchange))
    const { connect } = await import('node:http2')
    const session = connect(lab.url)
    const [first, second] = ['/one', '/two'].map((path) => session.request({ ':path': path }))
    await pollUntil(() => held[1], 'both requests')
    first?.close(Code.CANCEL)
    const outcome = await pollUntil(() => lab.outcomes[0], 'the outcome')
    expect(outcome.error).toMatchObject({ code: 'CLIENT_DISCONNECTED' })
    const other = held.find(({ request }) => request.path === '/two')
    if (other !== undefined) answer(other, 'two')
    const text = await new Promise((resolve) => {
      second?.on('data', (chunk: Buffer) => resolve(chunk.toString()))
    })
    session.destroy()
    expect(text).toBe('two')
  })
})

describe('the life of a connection', () => {
  test('a request that waits keeps its connection, and the connection is closed when nothing follows', async () => {
    const held: Exchange[] = []
    await using lab = await startLab((exchange) => held.push(exchange), { timeouts: { idle: 100 } })
    using client = await openFrames(lab.url)
    client.send(formatWideStart(), formatHead(1, requestFields()))
    const exchange = await pollUntil(() => held[0], 'the request')
    await new Promise((resolve) => {
      setTimeout(resolve, 400)
    })
    expect(client.raw.ended).toBe(false)
    answer(exchange, 'late')
    await client.waitFor(Frame.DATA, 1)
    await client.raw.waitForEnd()
    expect(client.goaways).toContain(Code.NO_ERROR)
  })

  test('a connection ends after its last request', async () => {
    await using lab = await startLab(nameRequest, { limits: { requestsPerConnection: 2 } })
    using client = await openFrames(lab.url)
    client.send(formatWideStart())
    for (const id of [1, 3, 5]) client.send(formatHead(id, requestFields(`/${id}`)))
    await client.waitFor(Frame.DATA, 3)
    await client.raw.waitForEnd()
    expect(lab.exchanges.map(({ request }) => request.path)).toEqual(['/1', '/3'])
    expect(client.goaways).toContain(Code.NO_ERROR)
  })

  test('a stop answers what the client sends before it knows', async () => {
    const held: Exchange[] = []
    await using lab = await startLab((exchange) => held.push(exchange), {
      timeouts: { shutdown: 20_000 },
    })
    using client = await openFrames(lab.url)
    client.send(formatWideStart(), formatHead(1, requestFields('/first')))
    await pollUntil(() => held[0], 'the request')
    const stopped = lab.front.stop()
    expect((await client.waitFor(Frame.GOAWAY)).payload.readUInt32BE(0)).toBe(2 ** 31 - 1)
    client.send(formatHead(3, requestFields('/second')))
    await pollUntil(() => held[1], 'the second request')
    for (const exchange of held) answer(exchange, 'bye')
    await client.waitFor(Frame.DATA, 1)
    await client.waitFor(Frame.DATA, 3)
    await client.raw.waitForEnd()
    client.raw.destroy()
    await stopped
  })
})
