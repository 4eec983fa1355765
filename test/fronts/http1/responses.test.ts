import { expect, test } from 'vitest'

import { FieldBlock } from '../../../src/core/field-block.ts'
import { createResponseHead } from '../../../src/core/response-head.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil } from '../../support/raw-client.ts'
import { answer, FAILURE, nameRequest, startLab } from '../support/front-lab.ts'

const PLAIN = createResponseHead(200, [])

test('a short answer has its length, Date and Server', async () => {
  await using lab = await startLab((exchange) => answer(exchange, 'hello'))
  const response = await fetchRaw(lab.url, '/x')
  expect(response).toMatchObject({ status: 200, reason: 'OK', text: 'hello', framing: 'length' })
  expect(response.header('Server')).toBe('taipan/test')
  expect(Date.parse(response.header('Date') ?? '')).toBeGreaterThan(0)
  expect(response.header('Connection')).toBeUndefined()
})

test("the application's own Date and Server win", async () => {
  const fields = ['Date', 'Tue, 01 Jan 2030 00:00:00 GMT', 'Server', 'mine']
  await using lab = await startLab((exchange) => answer(exchange, '', { fields }))
  const response = await fetchRaw(lab.url)
  expect(response.headers('Date')).toEqual(['Tue, 01 Jan 2030 00:00:00 GMT'])
  expect(response.headers('Server')).toEqual(['mine'])
})

test('a custom reason phrase is kept', async () => {
  await using lab = await startLab((exchange) =>
    exchange.response.send({ ...createResponseHead(299, []), reason: 'Fine' }, Buffer.from('x')),
  )
  expect(await fetchRaw(lab.url)).toMatchObject({ status: 299, reason: 'Fine', text: 'x' })
})

test('a body of unknown length is chunked, and each write leaves at once', async () => {
  await using lab = await startLab((exchange) => {
    exchange.response.begin(PLAIN)
    exchange.response.write(Buffer.from('one'))
    exchange.response.write(Buffer.alloc(0))
  })
  using connection = await openRaw(lab.url)
  connection.send(formatRequest())
  await connection.waitUntil(() => connection.rest.includes('3\r\none\r\n'), 'the first piece')
  lab.exchanges[0]?.response.write(Buffer.from('two'))
  lab.exchanges[0]?.response.end()
  const response = await connection.readResponse()
  expect(response).toMatchObject({ framing: 'chunked', text: 'onetwo', complete: true })
  expect(lab.outcomes).toEqual([{ status: 200, bytes: 6, error: undefined }])
})

test('HTTP/1.0 gets no chunks, and the end of the connection ends the body', async () => {
  await using lab = await startLab((exchange) => {
    exchange.response.begin(PLAIN)
    exchange.response.write(Buffer.from('one'))
    exchange.response.end()
  })
  using connection = await openRaw(lab.url)
  connection.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
  const [response] = await connection.readUntilEnd()
  expect(response).toMatchObject({ framing: 'close', text: 'one', status: 200 })
  expect(response?.header('Connection')).toBe('close')
  expect(connection.error).toBeUndefined()
})

test('an HTTP/1.0 connection is kept if the client asks for it and the length is known', async () => {
  await using lab = await startLab(nameRequest)
  using connection = await openRaw(lab.url)
  connection.send('GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
  expect((await connection.readResponse()).header('Connection')).toBe('keep-alive')
  connection.send('GET /2 HTTP/1.0\r\n\r\n')
  const [response] = await connection.readUntilEnd()
  expect(response?.text).toBe('GET /2')
  expect(response?.header('Connection')).toBe('close')
})

test.each([
  ['send', (length: boolean) => ({ length, stream: false })],
  ['write', (length: boolean) => ({ length, stream: true })],
])('HEAD, 204 and 304 have no body (%s)', async (_name, resolve) => {
  await using lab = await startLab((exchange) => {
    const [status, length] = exchange.request.query.split('&')
    const { stream } = resolve(length === 'length')
    const fields = length === 'length' ? ['Content-Length', '5'] : []
    const head = createResponseHead(Number(status), fields)
    if (!stream) {
      exchange.response.send(head, Buffer.from('hello'))
      return
    }
    exchange.response.begin(head)
    exchange.response.write(Buffer.from('hello'))
    exchange.response.end()
  })
  using connection = await openRaw(lab.url)
  for (const [method, query, length] of [
    ['HEAD', '200&length', '5'],
    ['GET', '204&length', undefined],
    ['GET', '204&', undefined],
    ['GET', '304&length', '5'],
    ['GET', '304&', undefined],
    ['HEAD', '204&length', undefined],
  ] as const) {
    connection.send(formatRequest({ method, target: `/?${query}` }))
    const response = await connection.readResponse(method)
    expect(response.body).toHaveLength(0)
    expect(response.header('Transfer-Encoding')).toBeUndefined()
    expect(response.header('Content-Length')).toBe(length)
    expect(response.header('Connection')).toBeUndefined()
  }
  expect(lab.outcomes.every((outcome) => outcome.bytes === 0 && !outcome.error)).toBe(true)
})

test('HEAD gets the length of a body that was given, and none for an empty one', async () => {
  await using lab = await startLab((exchange) => answer(exchange, exchange.request.query))
  const filled = await fetchRaw(lab.url, { method: 'HEAD', target: '/?12345' })
  expect(filled.header('Content-Length')).toBe('5')
  const empty = await fetchRaw(lab.url, { method: 'HEAD' })
  expect(empty.header('Content-Length')).toBeUndefined()
})

test.each(['send', 'write'])('a body longer than its length is cut (%s)', async (way) => {
  const head = createResponseHead(200, ['Content-Length', '5'])
  await using lab = await startLab(({ response }) => {
    if (way === 'send') {
      response.send(head, Buffer.from('hello, and more'))
      return
    }
    response.begin(head)
    response.write(Buffer.from('hel'))
    response.write(Buffer.from('lo, and'))
    response.write(Buffer.from(' more'))
    response.end()
  })
  using connection = await openRaw(lab.url)
  connection.send(formatRequest())
  connection.send(formatRequest())
  expect((await connection.readResponse()).text).toBe('hello')
  expect((await connection.readResponse()).text).toBe('hello')
})

test.each(['send', 'write'])(
  'a body shorter than its length aborts the connection (%s)',
  async (way) => {
    const head = createResponseHead(200, ['Content-Length', '50'])
    await using lab = await startLab(({ response }) => {
      if (way === 'send') {
        response.send(head, Buffer.from('hello'))
        return
      }
      response.begin(head)
      response.write(Buffer.from('hello'))
      response.end()
    })
    using connection = await openRaw(lab.url)
    connection.send(formatRequest() + formatRequest().toString('latin1'))
    const [response] = await connection.readUntilEnd()
    expect(response).toMatchObject({ complete: false, text: 'hello' })
    expect(lab.outcomes[0]?.error?.message).toContain('45 bytes shorter')
    expect(lab.exchanges).toHaveLength(1)
  },
)

test.each(['1.0', '1.1'] as const)(
  'an aborted body does not look complete (HTTP/%s)',
  async (version) => {
    await using lab = await startLab(({ response }) => {
      response.begin(PLAIN)
      response.write(Buffer.from('hello'))
    })
    using connection = await openRaw(lab.url)
    connection.send(formatRequest({ version }))
    await connection.waitUntil(() => connection.rest.includes('hello'), 'the first bytes')
    lab.exchanges[0]?.response.abort(FAILURE)
    await connection.waitForEnd()
    if (version === '1.0') expect(connection.error).toMatchObject({ code: 'ECONNRESET' })
    else expect((await connection.readResponse()).complete).toBe(false)
    expect(lab.outcomes).toEqual([{ status: 200, bytes: 5, error: FAILURE }])
  },
)

test('a response aborted before it began is never sent', async () => {
  await using lab = await startLab(({ response }) => response.abort(FAILURE))
  using connection = await openRaw(lab.url)
  connection.send(formatRequest())
  await connection.waitForEnd()
  expect(connection.received).toBe(0)
  expect(lab.outcomes).toEqual([{ status: 0, bytes: 0, error: FAILURE }])
})

test('a handler that throws is a 500, or aborts the connection once the response has begun', async () => {
  await using lab = await startLab(({ request, response }) => {
    if (request.path === '/begun') response.begin(PLAIN)
    throw new Error('on purpose')
  })
  expect((await fetchRaw(lab.url, '/')).status).toBe(500)
  using connection = await openRaw(lab.url)
  connection.send(formatRequest({ target: '/begun' }))
  await connection.waitForEnd()
  expect(lab.records.filter((record) => record.level === 'error')).toHaveLength(2)
})

test('calls after the end of a response do nothing', async () => {
  await using lab = await startLab((exchange) => {
    const { response } = exchange
    answer(exchange, 'one')
    answer(exchange, 'two')
    response.begin(PLAIN)
    response.write(Buffer.from('x'))
    response.end()
    response.abort(FAILURE)
    expect(response).toMatchObject({ begun: true, finished: true })
  })
  using connection = await openRaw(lab.url)
  connection.send(formatRequest())
  expect((await connection.readResponse()).text).toBe('one')
  connection.send(formatRequest())
  expect((await connection.readResponse()).text).toBe('one')
  expect(connection.rest).toHaveLength(0)
})

test('a response with Connection: close closes, and what follows is not read', async () => {
  const head = { ...PLAIN, close: true }
  await using lab = await startLab(({ response }) => response.send(head, Buffer.from('last')))
  using connection = await openRaw(lab.url)
  connection.send(formatRequest() + formatRequest().toString('latin1'))
  const responses = await connection.readUntilEnd()
  expect(responses.map((response) => response.text)).toEqual(['last'])
  expect(responses[0]?.header('Connection')).toBe('close')
  expect(lab.exchanges).toHaveLength(1)
})

test('a slow client blocks its writer, and gets everything', async () => {
  const size = 24 << 20
  let held = 0
  await using lab = await startLab(({ response }) => {
    let left = size
    response.begin(PLAIN)
    response.onDrain = () => {
      while (left > 0) {
        left -= 65_536
        if (!response.write(Buffer.alloc(65_536, 'x'))) break
      }
      if (left === 0) response.end()
      else held += 1
    }
    response.onDrain()
  })
  using connection = await openRaw(lab.url)
  connection.discard()
  connection.pause()
  connection.send(formatRequest())
  await pollUntil(() => (held > 0 ? true : undefined), 'the writer to be held back')
  const pending = lab.exchanges[0]?.response.pending ?? 0
  expect(pending).toBeGreaterThan(0)
  expect(pending).toBeLessThan(256 * 1024)
  expect(lab.outcomes).toHaveLength(0)
  connection.resume()
  await pollUntil(() => lab.outcomes[0], 'the end of the response')
  await connection.waitUntil(() => connection.received > size, 'the whole body')
  expect(lab.outcomes).toEqual([{ status: 200, bytes: size, error: undefined }])
})

test('one huge write is accepted, sent in parts, and finished when all is sent', async () => {
  const body = Buffer.alloc(20 << 20, 'y')
  await using lab = await startLab(({ response }) => response.send(PLAIN, body))
  using connection = await openRaw(lab.url)
  connection.discard()
  connection.pause()
  connection.send(formatRequest())
  await pollUntil(() => lab.exchanges[0], 'the request')
  expect(lab.exchanges[0]?.response).toMatchObject({ begun: true, finished: true })
  expect(lab.exchanges[0]?.response.pending).toBeGreaterThan(1 << 20)
  expect(lab.outcomes).toHaveLength(0)
  connection.send(formatRequest())
  connection.resume()
  await connection.waitUntil(() => connection.received > 2 * body.length, 'both answers')
  expect(lab.outcomes).toHaveLength(2)
})

test('hints leave before the answer, also on a keep-alive connection, and never to HTTP/1.0', async () => {
  await using lab = await startLab(({ response }) => {
    response.inform(103, new FieldBlock('Link: </a.css>; rel=preload\r\n'))
    response.inform(103, new FieldBlock('Link: </b.css>; rel=preload\r\n'))
    setTimeout(() => {
      response.begin(PLAIN)
      response.inform(103, new FieldBlock('Link: </late>\r\n'))
      response.write(Buffer.from('body'))
      response.inform(103, new FieldBlock('Link: </later>\r\n'))
      response.end()
      response.inform(103, new FieldBlock('Link: </latest>\r\n'))
    }, 20)
  })
  using connection = await openRaw(lab.url)
  for (let i = 0; i < 2; i++) {
    connection.send(formatRequest())
    const [first, second] = [await connection.readResponse(), await connection.readResponse()]
    expect([first.status, first.reason]).toEqual([103, 'Early Hints'])
    expect(first.header('link')).toBe('</a.css>; rel=preload')
    expect(second.header('link')).toBe('</b.css>; rel=preload')
    expect(await connection.readResponse()).toMatchObject({ status: 200, text: 'body' })
  }
  const old = await fetchRaw(lab.url, { version: '1.0' })
  expect(old).toMatchObject({ status: 200, text: 'body', interim: [] })
})

test('hints do not pile up for a client that does not read', async () => {
  await using lab = await startLab(() => {})
  using connection = await openRaw(lab.url)
  connection.send(formatRequest())
  await pollUntil(() => lab.exchanges[0], 'the request')
  const line = `Link: </${'x'.repeat(8000)}>\r\n`
  const response = lab.exchanges[0]?.response
  for (let i = 0; i < 4000; i++) response?.inform(103, new FieldBlock(line))
  expect(response?.pending).toBeLessThan(100_000)
})

test('trailers leave after a chunked body only', async () => {
  await using lab = await startLab((exchange) => {
    const { response, request } = exchange
    const fields = request.target === '/sized' ? ['Content-Length', '2'] : []
    response.begin(createResponseHead(200, fields))
    response.write(Buffer.from('ab'))
    response.end(new FieldBlock('X-Sum: 1\r\nX-More: 2\r\n'))
  })
  using connection = await openRaw(lab.url)
  for (const [target, method, trailers] of [
    ['/', 'GET', 2],
    ['/sized', 'GET', 0],
    ['/', 'HEAD', 0],
    ['/', 'GET', 2],
  ] as const) {
    connection.send(formatRequest({ target, method }))
    const response = await connection.readResponse(method)
    expect(response.trailers).toHaveLength(trailers)
    expect(response.complete).toBe(true)
  }
  expect(await fetchRaw(lab.url, { version: '1.0' })).toMatchObject({ text: 'ab', trailers: [] })
})
