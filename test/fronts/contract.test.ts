import { describe, expect, test } from 'vitest'

import type { Exchange } from '../../src/core/exchange.ts'
import { createResponseHead } from '../../src/core/response-head.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { pollUntil, sleep, type RawConnection } from '../support/raw-client.ts'
import { DIALECTS, type Answered, type Asked, type Dialect } from './support/dialects.ts'
import {
  answer,
  echo,
  FAILURE,
  LOCAL,
  nameRequest,
  startLab,
  type FrontLab,
  type LabOptions,
} from './support/front-lab.ts'

const MEBIBYTE = 1 << 20

/** What every front does, whatever is spoken. */
describe.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))('%s', (_, dialect) => {
  const start = (handler: (exchange: Exchange) => void, options: LabOptions = {}) =>
    startLab(handler, {
      addresses: [{ ...LOCAL, protocol: dialect.protocol }],
      ...options,
    })

  describe('requests', () => {
    test('a request has its method, target, fields and host', async () => {
      await using lab = await start((exchange) => answer(exchange, ''))
      await ask(lab, dialect, {
        method: 'PUT',
        target: '/a%20b/c%2Fd?x=1&y=%20',
        fields: [
          ['X-One', 'eins'],
          ['Content-Type', 'text/plain'],
          ['Cookie', 'a=1'],
        ],
      })
      const [exchange] = lab.exchanges
      expect(exchange?.request).toMatchObject({
        method: 'PUT',
        target: '/a%20b/c%2Fd?x=1&y=%20',
        path: '/a%20b/c%2Fd',
        query: 'x=1&y=%20',
        version: dialect.version,
        host: 'taipan.test',
      })
      const fields = exchange?.request.fields ?? []
      const find = (name: string) =>
        fields[fields.findIndex((one, at) => at % 2 === 0 && one.toLowerCase() === name) + 1]
      expect([find('x-one'), find('content-type'), find('cookie'), find('host')]).toEqual([
        'eins',
        'text/plain',
        'a=1',
        'taipan.test',
      ])
      expect(exchange?.connection).toMatchObject({ scheme: 'http', remoteAddress: '127.0.0.1' })
    })

    test('a request without a body is complete at once', async () => {
      let complete: unknown
      await using lab = await start((exchange) => {
        complete = [exchange.body.complete, exchange.body.length]
        answer(exchange, '')
      })
      await ask(lab, dialect)
      expect(complete).toEqual([true, 0])
    })

    test.each([1, 65_535, 65_536, MEBIBYTE + 1])('a body of %i bytes arrives', async (size) => {
      await using lab = await start(echo)
      const body = Buffer.alloc(size, 'abcdefg')
      const answered = await ask(lab, dialect, { method: 'POST', body })
      expect(answered?.body.equals(body)).toBe(true)
    })

    test('a request that arrives byte by byte is the same', async () => {
      await using lab = await start(echo)
      using connection = await dialect.open(lab.url)
      for (const byte of dialect.format({ method: 'POST', target: '/x', body: 'hello' })) {
        connection.send(Buffer.from([byte]))
        if (byte % 16 === 0) await sleep(1)
      }
      expect((await readAnswer(connection, dialect))?.body.toString()).toBe('hello')
    })

    test('a body that nobody reads is held back', async () => {
      await using lab = await start(() => {})
      using connection = await dialect.open(lab.url)
      const size = 64 * MEBIBYTE
      connection.send(dialect.format({ method: 'POST', length: size }))
      const piece = dialect.formatBody(Buffer.alloc(65_528))
      for (let sent = 0; sent + 65_528 <= size; sent += 65_528) connection.send(piece)
      await pollUntil(() => lab.exchanges[0]?.body.buffered || undefined, 'the first bytes')
      let before = -1
      await pollUntil(async () => {
        const left = connection.unsent
        const isStill = left === before
        before = left
        await sleep(100)
        return isStill || undefined
      }, 'the client to be held back')
      expect(before).toBeGreaterThan(size / 2)
      expect(lab.exchanges[0]?.body.buffered).toBeLessThanOrEqual(65_536)
    })
  })

  describe('responses', () => {
    test('a whole response has its status, fields and length', async () => {
      await using lab = await start((exchange) =>
        answer(exchange, 'hello', { status: 404, fields: ['X-One', 'eins'] }),
      )
      const answered = await ask(lab, dialect)
      expect(answered).toMatchObject({ status: 404, complete: true })
      expect(answered?.fields.get('x-one')).toBe('eins')
      expect(answered?.fields.get('content-length')).toBe('5')
      expect(answered?.body.toString()).toBe('hello')
    })

    test.each([
      ['HEAD', 200],
      ['GET', 204],
      ['GET', 304],
    ])('%s with %i has no body', async (method, status) => {
      await using lab = await start((exchange) => answer(exchange, 'hello', { status }))
      const answered = await ask(lab, dialect, { method })
      expect(answered).toMatchObject({ status, complete: true })
      expect(answered?.body.length).toBe(0)
    })

    test('a response in pieces arrives whole', async () => {
      await using lab = await start(({ response }) => {
        response.begin(createResponseHead(200, ['Content-Type', 'text/plain']))
        for (const text of ['one', 'two', 'three']) response.write(Buffer.from(text))
        response.end()
      })
      const answered = await ask(lab, dialect)
      expect(answered).toMatchObject({ status: 200, complete: true })
      expect(answered?.body.toString()).toBe('onetwothree')
    })

    test('a client that does not read holds the writer back', async () => {
      const size = 64 * MEBIBYTE
      let written = 0
      await using lab = await start(({ response }) => {
        const piece = Buffer.alloc(65_536, 'x')
        const write = (): void => {
          while (written < size) {
            written += piece.length
            if (!response.write(piece)) return
          }
          response.end()
        }
        response.begin(createResponseHead(200, []))
        response.onDrain = write
        write()
      })
      using connection = await dialect.open(lab.url)
      connection.pause()
      connection.send(dialect.format({}))
      let before = -1
      await pollUntil(async () => {
        const isStill = written > 0 && written === before
        before = written
        await sleep(100)
        return isStill || undefined
      }, 'the writer to be held back')
      expect(written).toBeLessThan(size / 2)
      connection.resume()
      const answered = await readAnswer(connection, dialect)
      expect(answered?.complete).toBe(true)
      expect(written).toBe(size)
      expect(lab.outcomes).toEqual([{ status: 200, bytes: size, error: undefined }])
    })

    test('a body ends at its Content-Length', async () => {
      await using lab = await start(({ response }) => {
        response.begin(createResponseHead(200, ['Content-Length', '3']))
        response.write(Buffer.from('abcdef'))
        response.end()
      })
      expect((await ask(lab, dialect))?.body.toString()).toBe('abc')
    })

    test.each(['aborted', 'too short'])(
      'a response that breaks off is not complete: %s',
      async (how) => {
        await using lab = await start(({ response }) => {
          response.begin(
            createResponseHead(200, how === 'too short' ? ['Content-Length', '9'] : []),
          )
          response.write(Buffer.from('abc'))
          // libuv takes a reset for an end where bytes come with it.
          if (how === 'aborted') setTimeout(() => response.abort(FAILURE), 20)
          else response.end()
        })
        expect((await ask(lab, dialect))?.complete).not.toBe(true)
        await pollUntil(() => lab.outcomes[0]?.error, 'the outcome')
      },
    )

    test('a handler that throws is a 500', async () => {
      await using lab = await start(() => {
        throw FAILURE
      })
      expect(await ask(lab, dialect)).toMatchObject({ status: 500, complete: true })
    })
  })

  describe('limits', () => {
    test.each<[number, string, Asked]>([
      [413, 'a body over the limit', { method: 'POST', body: Buffer.alloc(2001) }],
      [431, 'too many fields', { fields: Array.from({ length: 30 }, (_, i) => [`X-${i}`, 'a']) }],
      [431, 'fields of too many bytes', { fields: [['X-Long', 'x'.repeat(3000)]] }],
      [414, 'a target of too many bytes', { target: `/${'a'.repeat(1500)}` }],
      [400, 'a control character in a field', { fields: [['X-Bad', 'a\u0001b']] }],
      [400, 'a host that is none', { fields: [['Host', 'a b']] }],
      [501, 'a method that nobody knows', { method: 'BREW' }],
    ])('%i for %s', async (status, name, asked) => {
      const limits = { body: 2000, headerCount: 20, headerBytes: 2500, targetBytes: 1000 }
      await using lab = await start(nameRequest, { limits })
      const answered = await ask(lab, dialect, asked)
      const isLeftOut = dialect.leavesOut?.includes(name) === true
      expect(answered).toMatchObject({ status: isLeftOut ? 200 : status, complete: true })
      const values = lab.exchanges.map(({ request }) => request.fields).flat()
      for (const [, value] of isLeftOut ? (asked.fields ?? []) : [])
        expect(values).not.toContain(value)
      if (!isLeftOut) expect(lab.exchanges).toEqual([])
    })

    test('connections beyond the limit get 503', async () => {
      await using lab = await start(() => {}, { limits: { connections: 1 } })
      using first = await dialect.open(lab.url)
      first.send(dialect.format({}))
      await pollUntil(() => lab.exchanges[0], 'the first request')
      const status = dialect.tellsCrowded ? 503 : undefined
      expect((await ask(lab, dialect))?.status).toBe(status)
    })
  })

  describe('deadlines', () => {
    test('half a head ends the connection', async () => {
      await using lab = await start(nameRequest, { timeouts: { header: 100 } })
      using connection = await dialect.open(lab.url)
      connection.send(dialect.format({ target: '/a/longer/one' }).subarray(0, 30))
      await connection.waitForEnd()
      expect(lab.exchanges).toEqual([])
    })

    test('a body that stops is a 408', async () => {
      await using lab = await start(echo, { timeouts: { body: 100 } })
      using connection = await dialect.open(lab.url)
      connection.send(dialect.format({ method: 'POST', body: 'hello', length: 10 }))
      expect(await readAnswer(connection, dialect)).toMatchObject({ status: 408 })
      expect(lab.exchanges[0]?.body.error).toMatchObject({ code: 'REQUEST_TIMEOUT' })
    })

    test('a client that does not read its response is left', async () => {
      await using lab = await start((exchange) => answer(exchange, 'x'.repeat(32 * MEBIBYTE)), {
        timeouts: { send: 100 },
      })
      using connection = await dialect.open(lab.url)
      connection.pause()
      connection.send(dialect.format({}))
      const outcome = await pollUntil(() => lab.outcomes[0], 'the outcome')
      expect(outcome.error).toMatchObject({ code: 'CLIENT_DISCONNECTED' })
    })
  })

  describe('ends', () => {
    test('a client that leaves ends its exchange', async () => {
      await using lab = await start(() => {})
      using connection = await dialect.open(lab.url)
      connection.send(dialect.format({}))
      await pollUntil(() => lab.exchanges[0], 'the request')
      connection.reset()
      const outcome = await pollUntil(() => lab.outcomes[0], 'the outcome')
      expect(outcome.error).toMatchObject({ code: 'CLIENT_DISCONNECTED' })
      await pollUntil(() => lab.connections === 0 || undefined, 'the connection to be closed')
    })

    test('a client that has finished sending is told of, and still gets its answer', async () => {
      let told = 0
      await using lab = await start((exchange) => {
        exchange.onClientEnd = () => {
          told += 1
          answer(exchange, 'bye')
        }
      })
      using connection = await dialect.open(lab.url)
      connection.send(dialect.format({}))
      await pollUntil(() => lab.exchanges[0], 'the request')
      connection.finishSending()
      expect((await readAnswer(connection, dialect))?.body.toString()).toBe('bye')
      expect([told, lab.exchanges[0]?.clientEnded]).toEqual([1, true])
    })

    test('half a body is no body', async () => {
      await using lab = await start(echo)
      using connection = await dialect.open(lab.url)
      connection.send(dialect.format({ method: 'POST', body: 'hello', length: 10 }))
      connection.finishSending()
      expect(await readAnswer(connection, dialect)).toMatchObject({ status: 400 })
    })

    test('what is no request ends the connection without an exchange', async () => {
      await using lab = await start(nameRequest)
      using connection = await dialect.open(lab.url)
      connection.send('\u00ff\u00fe\u0000\u0000 nonsense '.repeat(10_000))
      await connection.waitForEnd()
      expect(lab.exchanges).toEqual([])
    })

    test('a stop lets responses be sent, and waits no longer', async () => {
      const size = 8 * MEBIBYTE
      await using lab = await start((exchange) => answer(exchange, 'x'.repeat(size)), {
        timeouts: { shutdown: 2 * DEADLINE },
      })
      using connection = await dialect.open(lab.url)
      connection.pause()
      connection.send(dialect.format({}))
      await pollUntil(() => lab.exchanges[0]?.response.finished || undefined, 'the response')
      const stopped = lab.front.stop()
      connection.resume()
      expect((await readAnswer(connection, dialect))?.body.length).toBe(size)
      connection.destroy()
      await stopped
    })

    test('a stop lets running requests end', async () => {
      let finish: (() => void) | undefined
      await using lab = await start((exchange) => {
        finish = () => answer(exchange, 'late')
      })
      using idle = await dialect.open(lab.url)
      using connection = await dialect.open(lab.url)
      connection.send(dialect.format({}))
      await pollUntil(() => finish, 'the request')
      const stopped = lab.front.stop()
      await idle.waitForEnd()
      finish?.()
      expect((await readAnswer(connection, dialect))?.body.toString()).toBe('late')
      connection.destroy()
      await stopped
    })
  })
})

async function ask(
  lab: FrontLab,
  dialect: Dialect,
  asked: Asked = {},
): Promise<Answered | undefined> {
  using connection = await dialect.open(lab.url)
  connection.send(dialect.format(asked))
  return await readAnswer(connection, dialect, asked.method)
}

async function readAnswer(
  connection: RawConnection,
  dialect: Dialect,
  method = 'GET',
): Promise<Answered | undefined> {
  await connection.waitForEnd()
  return await dialect.parse(connection.rest, method, connection.error !== undefined)
}
