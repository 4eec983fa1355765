import * as zlib from 'node:zlib'
import { brotliDecompressSync, createGunzip, gunzipSync } from 'node:zlib'
import { once } from 'node:events'

import { afterEach, describe, expect, test } from 'vitest'

import type { Exchange, Handler } from '../../../src/core/exchange.ts'
import type { FieldPairs } from '../../../src/core/field-block.ts'
import { createResponseHead } from '../../../src/core/response-head.ts'
import { withCompression } from '../../../src/pipeline/compression/compression.ts'
import { startFront, type RunningFront } from '../../support/front.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil } from '../../support/raw-client.ts'
import type { RawResponse } from '../../support/raw-client.ts'

const TEXT = 'a sentence that repeats itself. '.repeat(200)
const LARGE = 'line of a large page\n'.repeat(20_000)
const HTML: FieldPairs = ['Content-Type', 'text/html; charset=utf-8']

const decompressZstd: unknown = Reflect.get(zlib, 'zstdDecompressSync')

/** The head and the chunk of a message; gzip has one of its own before. */
const FIRST_CHUNKS = /\r\n\r\n(?:a\r\n[^]{10}\r\n)?[\da-f]+\r\n[^]{10,}\r\n$/

let front: RunningFront | undefined

afterEach(async () => {
  await front?.stop()
  front = undefined
})

async function serve(handler: Handler): Promise<string> {
  front = await startFront(withCompression(handler))
  return front.url
}

/** One answer in one piece, with its length. */
function whole(pairs: FieldPairs, body = TEXT, status = 200): Handler {
  return ({ response }) => {
    const length = ['Content-Length', String(Buffer.byteLength(body))]
    response.send(createResponseHead(status, [...pairs, ...length]), Buffer.from(body))
  }
}

/** One answer in pieces without a length. */
function pieces(pairs: FieldPairs, body: string): Handler {
  return ({ response }) => {
    response.begin(createResponseHead(200, pairs))
    for (let at = 0; at < body.length; at += 10_000)
      response.write(Buffer.from(body.slice(at, at + 10_000)))
    response.end()
  }
}

async function ask(
  url: string,
  accept: string | undefined = 'gzip',
  more: readonly (readonly [string, string])[] = [],
  method = 'GET',
): Promise<RawResponse> {
  const accepted = accept === '' ? [] : [['Accept-Encoding', accept] as const]
  return await fetchRaw(url, { method, headers: [...accepted, ...more] })
}

/** Waits for a condition. */
async function until(isMet: () => boolean, what: string): Promise<void> {
  await pollUntil(() => isMet() || undefined, what)
}

describe('a response of text', () => {
  test.each([
    ['gzip', 'gzip', gunzipSync],
    ['br', 'br', brotliDecompressSync],
    ['gzip, deflate, br', 'br', brotliDecompressSync],
    ['br;q=0.5, gzip', 'gzip', gunzipSync],
    ['*', 'br', brotliDecompressSync],
  ] as const)('is compressed for "%s" by %s', async (accept, coding, decompress) => {
    const answer = await ask(await serve(whole(HTML)), accept)
    expect(answer.header('content-encoding')).toBe(coding)
    expect(answer.header('vary')).toBe('Accept-Encoding')
    expect(answer.header('content-length')).toBe(String(answer.body.length))
    expect(answer.body.length).toBeLessThan(TEXT.length / 4)
    expect(decompress(answer.body).toString()).toBe(TEXT)
  })

  test.each(['', 'identity', 'deflate', 'gzip;q=0', 'gzip;q=oops'])(
    'is sent plain for "%s", and says that it would differ',
    async (accept) => {
      const answer = await ask(await serve(whole(HTML)), accept)
      expect(answer.header('content-encoding')).toBeUndefined()
      expect(answer.header('vary')).toBe('Accept-Encoding')
      expect(answer.text).toBe(TEXT)
    },
  )

  test('of a size worth several pieces has them compressed, with and without a length', async () => {
    const url = await serve(whole(HTML, LARGE))
    const answer = await ask(url)
    expect(gunzipSync(answer.body).toString()).toBe(LARGE)
    await front?.stop()
    const other = await ask(await serve(pieces(HTML, LARGE)), 'br')
    expect(other.header('content-length')).toBeUndefined()
    expect(brotliDecompressSync(other.body).toString()).toBe(LARGE)
  })

  test('has a weak entity tag, and the fields about plain bytes are gone', async () => {
    const pairs = [...HTML, 'ETag', '"v1"', 'Accept-Ranges', 'bytes', 'Vary', 'Cookie']
    const answer = await ask(await serve(whole(pairs)))
    expect(answer.header('etag')).toBe('W/"v1"')
    expect(answer.header('accept-ranges')).toBeUndefined()
    expect(answer.header('vary')).toBe('Cookie, Accept-Encoding')
    const plain = await ask(front?.url ?? '', '')
    expect(plain.header('etag')).toBe('"v1"')
    expect(plain.header('accept-ranges')).toBe('bytes')
  })

  test('gets to HEAD the same fields without a length', async () => {
    const answer = await ask(await serve(whole(HTML)), 'gzip', [], 'HEAD')
    expect(answer.header('content-encoding')).toBe('gzip')
    expect(answer.header('content-length')).toBeUndefined()
    expect(answer.body.length).toBe(0)
  })

  test('that ends before its Content-Length is broken off, not completed', async () => {
    const url = await serve(({ response }) => {
      response.begin(createResponseHead(200, [...HTML, 'Content-Length', '5000']))
      response.write(Buffer.from(TEXT.slice(0, 2000)))
      response.end()
    })
    expect((await ask(url)).complete).toBe(false)
  })
})

test.skipIf(typeof decompressZstd !== 'function')('zstd is used where Node has it', async () => {
  const answer = await ask(await serve(whole(HTML)), 'zstd')
  expect(answer.header('content-encoding')).toBe('zstd')
  expect(readZstd(answer.body)).toBe(TEXT)
  await front?.stop()
  const long = await ask(await serve(pieces(HTML, LARGE)), 'zstd')
  expect(readZstd(long.body)).toBe(LARGE)
})

function readZstd(body: Buffer): string {
  if (typeof decompressZstd !== 'function') throw new Error('this Node has no zstd')
  return String(Reflect.apply(decompressZstd, zlib, [body]))
}

describe('a response stays as it is', () => {
  test.each([
    ['of another type', ['Content-Type', 'image/png']],
    ['without a type', []],
    ['that is compressed', [...HTML, 'Content-Encoding', 'br']],
    ['that must not be changed', [...HTML, 'Cache-Control', 'public, no-transform']],
    ['with a digest of its bytes', [...HTML, 'Content-Digest', 'sha-256=:AAAA:']],
  ] as const)('%s', async (_what, pairs) => {
    const answer = await ask(await serve(whole(pairs)))
    expect(answer.text).toBe(TEXT)
    expect(answer.header('vary')).toBeUndefined()
  })

  test('that is small', async () => {
    const answer = await ask(await serve(whole(HTML, 'short')))
    expect(answer.text).toBe('short')
  })

  test('that is a part', async () => {
    const pairs = [...HTML, 'Content-Range', `bytes 0-${TEXT.length - 1}/99999`]
    const answer = await ask(await serve(whole(pairs, TEXT, 206)))
    expect(answer.text).toBe(TEXT)
    expect(answer.header('content-encoding')).toBeUndefined()
  })

  test('whose client forbids changes', async () => {
    const answer = await ask(await serve(whole(HTML)), 'gzip', [['Cache-Control', 'no-transform']])
    expect(answer.text).toBe(TEXT)
  })

  test('that would become larger', async () => {
    const noise = Array.from({ length: 40 }, () => Math.random().toString(36)).join('')
    const random = Buffer.from(noise).toString('base64').slice(0, 1030)
    const answer = await ask(await serve(whole(HTML, random)))
    const body =
      answer.header('content-encoding') === 'gzip' ? gunzipSync(answer.body) : answer.body
    expect(body.toString()).toBe(random)
    expect(answer.body.length).toBeLessThanOrEqual(random.length)
  })
})

test('a 304 has the entity tag of the form that the client has', async () => {
  const url = await serve(({ response }) =>
    response.send(createResponseHead(304, ['ETag', '"v1"']), ''),
  )
  const compressed = await ask(url, 'gzip', [['If-None-Match', 'W/"v1"']])
  expect(compressed.header('etag')).toBe('W/"v1"')
  expect(compressed.header('vary')).toBe('Accept-Encoding')
  expect((await ask(url, 'gzip', [['If-None-Match', '"v1"']])).header('etag')).toBe('"v1"')
})

test.each(['gzip', 'br'])('messages of a stream arrive one by one (%s)', async (coding) => {
  let exchange: Exchange | undefined
  const url = await serve((one) => {
    exchange = one
    one.response.begin(createResponseHead(200, ['Content-Type', 'text/event-stream']))
    one.response.write(Buffer.from('data: 1\n\n'))
  })
  using client = await openRaw(url)
  client.send(formatRequest({ headers: [['Accept-Encoding', coding]] }))
  await until(() => FIRST_CHUNKS.test(client.rest.toString('latin1')), 'the first message')
  const first = client.received
  exchange?.response.write(Buffer.from('data: 2\n\n'))
  await until(() => client.received > first, 'the second message')
  exchange?.response.end()
  const answer = await client.readResponse('GET')
  const plain = coding === 'gzip' ? gunzipSync(answer.body) : brotliDecompressSync(answer.body)
  expect(plain.toString()).toBe('data: 1\n\ndata: 2\n\n')
})

test('a client that does not read holds its writer back', async () => {
  const noise = Buffer.from(Array.from({ length: 40_000 }, () => Math.random()).join(' '))
  let written = 0
  let isHeld = false
  let isDone = false
  const url = await serve(({ response }) => {
    response.begin(createResponseHead(200, ['Content-Type', 'text/plain']))
    const proceed = (): void => {
      while (written < 40) {
        written += 1
        if (!response.write(noise)) {
          isHeld = true
          return
        }
      }
      isDone = true
      response.end()
    }
    response.onDrain = proceed
    proceed()
  })
  using client = await openRaw(url)
  client.socket.pause()
  client.send(formatRequest({ headers: [['Accept-Encoding', 'gzip']] }))
  await until(() => isHeld, 'the writer to be held')
  expect(isDone).toBe(false)
  const gunzip = createGunzip()
  gunzip.resume()
  client.socket.resume()
  const answer = await client.readResponse('GET')
  gunzip.end(answer.body)
  await once(gunzip, 'end')
  expect(isDone).toBe(true)
  expect(gunzip.bytesWritten).toBe(answer.body.length)
  expect(gunzipSync(answer.body).length).toBe(noise.length * 40)
})

test('a client that leaves ends the compression, and others are served', async () => {
  const finished: (Error | undefined)[] = []
  const url = await serve((exchange) => {
    exchange.onFinish(({ error }) => finished.push(error))
    exchange.response.begin(createResponseHead(200, ['Content-Type', 'text/event-stream']))
    exchange.response.write(Buffer.from('data: 1\n\n'))
    if (exchange.request.path === '/whole') exchange.response.end()
  })
  {
    using client = await openRaw(url)
    client.send(formatRequest({ headers: [['Accept-Encoding', 'gzip']] }))
    await until(() => client.received > 0, 'the first message')
    client.reset()
  }
  await until(() => finished.length === 1, 'the end of the exchange')
  expect(finished[0]).toBeInstanceOf(Error)
  const answer = await fetchRaw(url, { target: '/whole', headers: [['Accept-Encoding', 'gzip']] })
  expect(gunzipSync(answer.body).toString()).toBe('data: 1\n\n')
})
