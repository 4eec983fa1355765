import { gzipSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { formatChunk, formatRequest, openRaw, pollUntil, toBuffer } from '../support/raw-client.ts'
import { startLab, type Lab } from './lab.ts'

interface ReadReport {
  readonly results: readonly unknown[]
  readonly length: string | null
  readonly terminated: boolean | null
  readonly coding: string | null
  readonly headers: readonly string[]
}

interface CountReport {
  readonly total: number
  readonly first: string
  readonly length: string | null
  readonly terminated: boolean | null
  readonly encoding: string | null
  readonly again: string
}

let lab: Lab

beforeAll(async () => {
  lab = await startLab(['-t', '1'])
})

afterAll(async () => {
  await lab.stop()
})

const POST = (target: string, lines: string): string =>
  `POST ${target} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`

describe('request bodies', () => {
  test('HTTP_TRANSFER_ENCODING is missing after chunks are decoded', async () => {
    const report = await lab.json<ReadReport>('/read?ops=r', {
      method: 'POST',
      chunks: ['hel', 'lo'],
    })
    expect(report.results).toEqual(['hello'])
    expect(report.coding).toBeNull()
    expect(report.headers).not.toContain('HTTP_TRANSFER_ENCODING')
  })

  test('a chunked body that ended within the buffer has its CONTENT_LENGTH', async () => {
    for (const size of [0, 5, 16_384, 700_000]) {
      const chunks = size === 0 ? [] : splitInto('x'.repeat(size), 10_000)
      const report = await lab.json<CountReport>('/count', { method: 'POST', chunks })
      expect(
        [report.total, report.length, report.terminated, report.again],
        `${size} bytes`,
      ).toEqual([size, String(size), true, ''])
    }
  })

  test('an application that reads exactly CONTENT_LENGTH gets a chunked 700 KB complete', async () => {
    const response = await lab.get('/by-length', {
      method: 'PUT',
      chunks: splitInto('y'.repeat(700_000), 65_536),
    })
    expect(response.text).toBe('700000')
  })

  test('a chunked body too large for the buffer is streamed, with its end', async () => {
    const report = await lab.json<CountReport>('/count', {
      method: 'POST',
      chunks: splitInto('z'.repeat(9_000_000), 65_536),
    })
    expect(report.total).toBe(9_000_000)
    expect(report.terminated).toBe(true)
    expect(['', null, '9000000']).toContain(report.length)
  })

  test('wsgi.input_terminated is true for every kind of body', async () => {
    expect((await lab.json<ReadReport>('/read')).terminated).toBe(true)
    expect((await lab.json<ReadReport>('/read', { method: 'POST', body: 'x' })).terminated).toBe(
      true,
    )
    expect(
      (await lab.json<ReadReport>('/read', { method: 'POST', body: 'x'.repeat(3_000_000) }))
        .terminated,
    ).toBe(true)
  })

  test('a buffered body can seek and tell', async () => {
    for (const request of [{ body: 'hello world' }, { chunks: ['hello', ' world'] }]) {
      const report = await lab.json<ReadReport>('/read?ops=tell,r5,tell,seek0,r,tell,seek6,l', {
        method: 'PUT',
        ...request,
      })
      expect(report.results).toEqual([0, 'hello', 5, 0, 'hello world', 11, 6, 'world'])
    }
  })

  test('read(n) does not wait for more than it needs', async () => {
    let key = lab.key()
    for (const [lines, begun, rest] of [
      ['Content-Length: 10\r\n', 'hello', 'world'],
      ['Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n', '5\r\nworld\r\n0\r\n\r\n'],
    ] as const) {
      using connection = await openRaw(lab.url)
      // Output of the application shows that it has its bytes while the rest was not sent.
      connection.send(POST(`/first-bytes?size=5&say=${key}`, lines) + begun)
      await pollUntil(
        () => (lab.taipan.output.includes(`read hello for ${key}`) ? true : undefined),
        'the first read to return',
      )
      connection.send(rest)
      expect((await connection.readFinalResponse('POST')).text).toBe('hello|world')
      key = lab.key()
    }
  })

  test('readline() does not wait for more than a line', async () => {
    const key = lab.key()
    using connection = await openRaw(lab.url)
    connection.send(POST(`/first-line?say=${key}`, 'Content-Length: 12\r\n') + 'hello\n')
    await pollUntil(
      () => (lab.taipan.output.includes(`line hello for ${key}`) ? true : undefined),
      'the first line to return',
    )
    connection.send('world\n')
    expect((await connection.readFinalResponse('POST')).text).toBe('hello\n|world\n')
  })

  test.each([401, 413, 415])(
    'an early %i arrives while megabytes are still being sent',
    async (status) => {
      using connection = await openRaw(lab.url)
      connection.send(POST(`/ignore-body?status=${status}`, 'Content-Length: 8000000\r\n'))
      const block = Buffer.alloc(65_536, 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n')
      // As most clients do: everything is sent before the answer is read.
      for (let sent = 0; sent < 8_000_000 && !connection.ended; sent += block.length) {
        await connection.sendAll(block.subarray(0, Math.min(block.length, 8_000_000 - sent)))
      }
      const response = await connection.readFinalResponse('POST')
      expect([response.status, response.text]).toEqual([status, 'ignored'])
      const more = connection.ended ? [] : await nextAnswer(connection)
      expect(more.every((text) => text === 'hello')).toBe(true)
    },
  )

  test('an early answer to chunks arrives, and the rest is not the next request', async () => {
    using connection = await openRaw(lab.url)
    connection.send(POST('/ignore-body?status=413', 'Transfer-Encoding: chunked\r\n'))
    for (let i = 0; i < 40 && !connection.ended; i++)
      await connection.sendAll(formatChunk('GET /hello HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2000)))
    connection.send('0\r\n\r\n')
    expect((await connection.readFinalResponse('POST')).status).toBe(413)
    const more = connection.ended ? [] : await nextAnswer(connection)
    expect(more.length).toBeLessThan(2)
  })

  test('a small unread body keeps the connection usable', async () => {
    using connection = await openRaw(lab.url)
    connection.send(POST('/ignore-body', 'Content-Length: 5\r\n') + 'hello')
    expect((await connection.readFinalResponse('POST')).text).toBe('ignored')
    expect(await nextAnswer(connection)).toEqual(['hello'])
  })

  test('Expect: 100-continue with chunks and trailers', async () => {
    using connection = await openRaw(lab.url)
    connection.send(
      POST(
        '/read?ops=r',
        'Transfer-Encoding: chunked\r\nExpect: 100-continue\r\nTrailer: X-Sum\r\n',
      ),
    )
    expect((await connection.readResponse('POST')).status).toBe(100)
    connection.send('5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n')
    const report: ReadReport = JSON.parse((await connection.readFinalResponse('POST')).text)
    expect(report.results).toEqual(['hello'])
    expect(report.headers).not.toContain('HTTP_X_SUM')
    expect(await nextAnswer(connection)).toEqual(['hello'])
  })

  test('an application that does not read sends no 100', async () => {
    using connection = await openRaw(lab.url)
    connection.send(
      POST('/ignore-body?status=401', 'Content-Length: 5\r\nExpect: 100-continue\r\n'),
    )
    const response = await connection.readFinalResponse('POST')
    expect([response.status, response.interim]).toEqual([401, []])
  })

  test('100 is sent once, and not when the body has arrived already', async () => {
    using connection = await openRaw(lab.url)
    connection.send(POST('/read?ops=r2,r2,r', 'Content-Length: 5\r\nExpect: 100-continue\r\n'))
    expect((await connection.readResponse('POST')).status).toBe(100)
    connection.send('he')
    connection.send('llo')
    expect((await connection.readResponse('POST')).status).toBe(200)
  })

  test('an encoded body is passed unchanged', async () => {
    const body = gzipSync('compressed by the client'.repeat(1000))
    const report = await lab.json<CountReport>('/count', {
      method: 'POST',
      body,
      headers: [['Content-Encoding', 'gzip']],
    })
    expect([report.total, report.encoding]).toEqual([body.length, 'gzip'])
    expect(toBuffer(report.first).equals(body.subarray(0, 20))).toBe(true)
  })

  test('10 MB arrive unchanged', async () => {
    const report = await lab.json<CountReport>('/count', {
      method: 'POST',
      body: Buffer.alloc(10 << 20, 'abc'),
    })
    expect([report.total, report.length]).toEqual([10 << 20, String(10 << 20)])
  })
})

describe('a body that breaks raises in wsgi.input', () => {
  const large = 'x'.repeat(300_000)

  test.each([
    ['a bad chunk size', 'Transfer-Encoding: chunked\r\n', [formatChunk(large), 'zz\r\n']],
    [
      'a chunk without its end',
      'Transfer-Encoding: chunked\r\n',
      [formatChunk(large), '5\r\nhello!!'],
    ],
    [
      'a broken trailer',
      'Transfer-Encoding: chunked\r\n',
      [formatChunk(large), '0\r\nbad trailer\r\n\r\n'],
    ],
  ] as const)('%s', async (_name, lines, pieces) => {
    const key = lab.key()
    using connection = await openRaw(lab.url)
    connection.send(POST(`/broken?key=${key}`, lines))
    await connection.sendPieces(pieces, 20)
    const responses = await connection.readUntilEnd(['POST'])
    expect(responses.length).toBe(1)
    expect([400, 500]).toContain(responses[0]?.status)
    const notes = await lab.notes(key)
    expect(notes).not.toContain('end')
    for (const note of notes) expect(note).toMatch(/^raised/)
  })

  test.each([
    ['a length', 'Content-Length: 2000000\r\n', large],
    ['chunks', 'Transfer-Encoding: chunked\r\n', formatChunk(large).toString('latin1')],
  ])('the client disconnects within %s', async (_name, lines, begun) => {
    for (const how of ['leave', 'reset', 'half-close'] as const) {
      const key = lab.key()
      const connection = await openRaw(lab.url)
      await connection.sendAll(POST(`/broken?key=${key}`, lines) + begun)
      if (how === 'leave') connection.destroy()
      else if (how === 'reset') connection.reset()
      else connection.finishSending()
      // Logged when it is over, also if the application has never seen it. Its only thread answers after that.
      await lab.taipan.waitForOutput(new RegExp(`/broken\\?key=${key}\\b`))
      const notes = await lab.notes(key)
      connection.destroy()
      expect(notes, how).not.toContain('end')
      for (const note of notes) expect(note).toMatch(/^raised/)
    }
  })
})

async function nextAnswer(connection: Awaited<ReturnType<typeof openRaw>>): Promise<string[]> {
  connection.send(formatRequest({ target: '/hello' }))
  return await connection.readFinalResponse().then(
    (response) => [response.text],
    () => [],
  )
}

function splitInto(text: string, size: number): string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  )
}
