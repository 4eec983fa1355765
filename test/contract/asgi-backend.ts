import { describe, expect, test } from 'vitest'

import type { BackendFactory, BackendLab, LabOptions } from '../support/backend-lab.ts'
import { labApplication, openLab, startLab } from '../support/backend-lab.ts'
import { limitConnections } from '../support/descriptors.ts'
import { expectRequestsToShareNothing } from '../support/one-connection.ts'
import { fetchRaw, formatChunk, formatRequest, openRaw, pollUntil } from '../support/raw-client.ts'
import type { RawWebSocket } from '../support/web-socket-client.ts'
import {
  finishHandshake,
  formatHandshake,
  OPCODE,
  openWebSocket,
} from '../support/web-socket-client.ts'

const LAB = labApplication({ target: 'asgi_lab.py' })
const MANY = limitConnections(1000)

function asgiAnswer(text: string): string {
  return [
    'async def application(scope, receive, send):',
    '    assert scope["type"] == "http"',
    '    await send({"type": "http.response.start", "status": 200})',
    `    await send({"type": "http.response.body", "body": b"${text}"})`,
    '',
  ].join('\n')
}

const SPOILING = `
async def application(scope, receive, send):
    assert scope["type"] == "http"
    text = repr([(key, scope[key]) for key in sorted(scope) if key != "client"])
    scope["headers"].append((b"spoilt", b"yes"))
    for key in ("asgi", "state"):
        scope[key]["spoilt"] = True
    for name in scope["extensions"]:
        scope["extensions"][name]["spoilt"] = True
    scope["extensions"]["spoilt"] = {}
    scope.update({key: None for key in scope}, spoilt=True)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": text.encode()})
`

const ADDRESSES = `
async def application(scope, receive, send):
    assert scope["type"] != "lifespan"
    text = f'{scope["type"]} {scope["scheme"]} {scope["client"][0]} {scope["server"]}'
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": text})
        await send({"type": "websocket.close"})
    else:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": text.encode()})
`
// What proxies say, and anybody can.
const FORWARDED = [
  ['X-Forwarded-For', '192.0.2.7'],
  ['X-Forwarded-Proto', 'https'],
  ['X-Forwarded-Scheme', 'https'],
  ['X-Forwarded-Ssl', 'on'],
  ['X-Forwarded-Host', 'other.test'],
  ['X-Forwarded-Port', '443'],
  ['X-Real-Ip', '192.0.2.7'],
  ['Forwarded', 'for=192.0.2.7;proto=https;host=other.test'],
] as const

/** What every backend has to do with ASGI applications, wherever it runs Python. Called once per backend and event loop by its test file. */
export function describeAsgiBackend(name: string, createBackend: BackendFactory): void {
  const withLab = (options: LabOptions = {}): LabOptions =>
    options.own === undefined ? { applications: [LAB], ...options } : options
  const start = (options?: LabOptions): Promise<BackendLab> =>
    startLab(createBackend, withLab(options))
  const open = (options?: LabOptions): Promise<BackendLab> =>
    openLab(createBackend, withLab(options))
  const text = async (lab: BackendLab, target: string): Promise<string> =>
    (await fetchRaw(lab.url, target)).text

  describe(`${name}: requests`, () => {
    test('answers with status, fields in order, and body', async () => {
      await using lab = await start()
      const response = await fetchRaw(lab.url, '/lab/hello')
      expect([response.status, response.text]).toEqual([200, 'hello'])
      expect(response.headers('X-One')).toEqual(['1', '2'])
    })

    test('gives the application its scope', async () => {
      await using lab = await start()
      const headers = [
        ['X-Two', 'a '],
        ['X_Three', 'hidden'],
        ['Proxy', 'hidden'],
        ['X-Two', 'é'],
      ] as const
      const target = '/lab/scope/%C3%A9%FF%2f?b=%20'
      const scope = await fetchRaw(lab.url, { target, headers })
      const port = new URL(lab.url).port
      const expected = [
        "'asgi': {'version': '3.0', 'spec_version': '2.5'}",
        `'headers': [(b'host', b'taipan.test'), (b'x-two', b'a'), (b'x-two', b'\\xe9')]`,
        "'http_version': '1.1'",
        "'method': 'GET'",
        "'path': '/lab/scope/é\u{fffd}/'",
        "'query_string': b'b=%20'",
        "'raw_path': b'/lab/scope/%C3%A9%FF%2f'",
        "'root_path': '/lab'",
        "'scheme': 'http'",
        `'server': ('127.0.0.1', ${port})`,
        "'type': 'http'",
      ]
      const seen = scope.body.toString('utf8')
      for (const part of expected) expect(seen).toContain(part)
      expect(seen).toMatch(/'client': \('127\.0\.0\.1', \d+\)/)
    })

    test('scheme and addresses are those of the connection, whatever the client claims', async () => {
      await using lab = await start({ own: ADDRESSES })
      const server = `('127.0.0.1', ${new URL(lab.url).port})`
      const { text: seen } = await fetchRaw(lab.url, { target: '/lab/', headers: FORWARDED })
      expect(seen).toBe(`http http 127.0.0.1 ${server}`)
      using socket = await openWebSocket(lab.url, { target: '/lab/', fields: FORWARDED })
      const message = (await socket.readMessage()).payload.toString()
      expect(message).toBe(`websocket ws 127.0.0.1 ${server}`)
    })

    test.each([0, 1, 8192, 65_536, 65_537, 3_000_000])(
      'passes a body of %i bytes both ways',
      async (size) => {
        await using lab = await start()
        const body = Buffer.alloc(size, 'abcdefghij')
        const sized = await fetchRaw(lab.url, { method: 'POST', target: '/lab/echo', body })
        expect(sized.body.equals(body)).toBe(true)
        const chunks = [body.subarray(0, 1000), body.subarray(1000)].filter(
          ({ length }) => length > 0,
        )
        const target = '/lab/echo-pieces'
        const chunked = await fetchRaw(lab.url, { method: 'POST', target, chunks })
        expect(chunked.body.equals(body)).toBe(true)
      },
    )

    test('requests of one connection share nothing', async () => {
      await using lab = await start({ own: SPOILING })
      await expectRequestsToShareNothing(lab.url)
    })

    test('an application answers each piece of an upload before the next one comes', async () => {
      await using lab = await start()
      using connection = await openRaw(lab.url)
      connection.send(
        'POST /lab/both-ways HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
      )
      for (const piece of ['one', 'two', 'three']) {
        connection.send(formatChunk(piece))
        await connection.waitUntil(() => connection.rest.includes(piece), `${piece} to come back`)
      }
      connection.send('0\r\n\r\n')
      expect((await connection.readFinalResponse()).text).toBe('onetwothree')
    })

    test('an upload that is not read stalls its client, and comes whole later', async () => {
      await using lab = await start()
      using connection = await openRaw(lab.url)
      const size = 40_000_000
      connection.send(`POST /lab/stall HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
      const sending = connection.sendAll(Buffer.alloc(size))
      await lab.waitForEntry('gate-stalled')
      for (let i = 0; i < 3; i++) expect(await text(lab, '/lab/hello')).toBe('hello')
      await new Promise((resolve) => {
        setTimeout(resolve, 200)
      })
      expect(connection.socket.writableLength).toBeGreaterThan(size / 2)
      lab.openGate('stalled')
      await sending
      expect((await connection.readFinalResponse()).text).toBe(String(size))
    })

    test('the body of a client that has finished sending comes whole', async () => {
      await using lab = await start()
      for (const size of [60_000, 500_000]) {
        using connection = await openRaw(lab.url)
        connection.send(`POST /lab/read-late?name=${size} HTTP/1.1\r\nHost: a\r\n`)
        connection.send(`Content-Length: ${size}\r\n\r\n`)
        await lab.waitForEntry(`gate-${size}`)
        const sending = connection.sendAll(Buffer.alloc(size))
        connection.finishSending()
        await new Promise((resolve) => {
          setTimeout(resolve, 100)
        })
        lab.openGate(String(size))
        await sending
        expect((await connection.readFinalResponse()).text).toBe(String(size))
      }
    })

    test('answers although the body was not read', async () => {
      await using lab = await start()
      const body = Buffer.alloc(1_000_000)
      const response = await fetchRaw(lab.url, { method: 'POST', target: '/lab/unread', body })
      expect([response.status, response.text]).toEqual([413, 'not read'])
      expect(await text(lab, '/lab/hello')).toBe('hello')
    })

    test('says 100 Continue when the body is read', async () => {
      await using lab = await start()
      for (const [target, interim] of [
        ['echo', [100]],
        ['unread', []],
      ] as const) {
        using connection = await openRaw(lab.url)
        connection.send(
          `POST /lab/${target} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`,
        )
        if (interim.length > 0) {
          expect((await connection.readResponse()).status).toBe(100)
          connection.send('hello')
        }
        const response = await connection.readFinalResponse()
        expect(response.text).toBe(target === 'echo' ? 'hello' : 'not read')
      }
    })

    test('a body that breaks off is a disconnect, never an end', async () => {
      await using lab = await start()
      using connection = await openRaw(lab.url)
      connection.send('POST /lab/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\nhello')
      await connection.sendAll(Buffer.alloc(300_000))
      connection.destroy()
      await lab.waitForEntry('disconnect-in-body')
      expect(await text(lab, '/lab/hello')).toBe('hello')
    })
  })

  describe(`${name}: responses`, () => {
    test.each([
      ['many pieces', 1000, 10_000],
      ['large pieces', 5, 3_000_000],
      ['no piece', 0, 1],
    ])('passes %s', async (_what, n, size) => {
      await using lab = await start()
      const response = await fetchRaw(lab.url, `/lab/stream?n=${n}&size=${size}`)
      expect([response.status, response.complete, response.body.length]).toEqual([
        200,
        true,
        n * size,
      ])
      await lab.waitForEntry('sent-all')
    })

    test('pieces leave when they are sent', async () => {
      await using lab = await start()
      using connection = await openRaw(lab.url)
      connection.send(formatRequest({ target: '/lab/events' }))
      for (let i = 0; i < 3; i++) {
        await connection.waitUntil(() => connection.rest.includes(`event ${i}`), `event ${i}`)
        expect(connection.rest.includes(`event ${i + 1}`)).toBe(false)
        lab.openGate(`event-${i}`)
      }
      expect((await connection.readFinalResponse()).complete).toBe(true)
    })

    test('a client that does not read stops its own application within a bound, and no other', async () => {
      await using lab = await start()
      using slow = await openRaw(lab.url)
      slow.pause()
      slow.send(formatRequest({ target: '/lab/stream?n=2500&size=10000' }))
      await pollUntil(() => lab.exchanges[0]?.response.begun || undefined, 'the response to begin')
      for (let i = 0; i < 20; i++) expect(await text(lab, '/lab/hello')).toBe('hello')
      const before = await pollUntil(async () => {
        const sent = await text(lab, '/lab/sent')
        return sent === (await text(lab, '/lab/sent')) ? Number(sent) : undefined
      }, 'the sender to wait')
      expect(before).toBeLessThan(2000)
      const other = await fetchRaw(lab.url, '/lab/echo-pieces')
      expect(other.complete).toBe(true)
      slow.resume()
      await slow.waitUntil(() => slow.received > 25_000_000, 'the rest')
      const response = await slow.readFinalResponse()
      expect([response.complete, response.body.length]).toEqual([true, 25_000_000])
    })

    test('answers 500 to an exception, and cuts the connection when the body had begun', async () => {
      await using lab = await start()
      const failed = await fetchRaw(lab.url, '/lab/raise')
      expect([failed.status, failed.complete]).toEqual([500, true])
      expect(failed.text).not.toContain('LookupError')
      const cut = await fetchRaw(lab.url, '/lab/raise-late')
      expect([cut.status, cut.text, cut.complete]).toEqual([200, 'begun', false])
      await pollUntil(
        () =>
          lab.records.some(({ fields }) => String(fields['traceback']).includes('raised late')) ||
          undefined,
        'the traceback',
      )
      expect((await fetchRaw(lab.url, '/lab/exit')).status).toBe(500)
      expect(await text(lab, '/lab/hello')).toBe('hello')
    })

    test('sends a file', async () => {
      await using lab = await start()
      const bytes = Buffer.alloc(3_000_123, '0123456789')
      lab.write('data.bin', bytes)
      const response = await fetchRaw(lab.url, '/lab/file?name=data.bin')
      expect([response.status, response.complete]).toEqual([200, true])
      expect(response.body.equals(bytes)).toBe(true)
    })

    test('sends hints and trailers', async () => {
      await using lab = await start()
      const hinted = await fetchRaw(lab.url, '/lab/hints')
      expect([hinted.interim, hinted.text]).toEqual([[103], 'hinted'])
      using connection = await openRaw(lab.url)
      connection.send(
        formatRequest({
          target: '/lab/trailers',
          headers: [
            ['TE', 'trailers'],
            ['Connection', 'TE, close'],
          ],
        }),
      )
      await connection.waitForEnd()
      expect(connection.rest.toString('latin1')).toMatch(/body\r\n0\r\nx-sum: 42\r\n\r\n$/i)
    })

    test('background work goes on after the answer, when the client has left, too', async () => {
      await using lab = await start({ cancelOnDisconnect: true })
      expect(await text(lab, '/lab/background')).toBe('answered')
      await lab.waitForEntry('gate-background')
      lab.openGate('background')
      await lab.waitForEntry('background-done')
    })

    test('what the application prints is logged with the request', async () => {
      await using lab = await start()
      await text(lab, '/lab/print')
      for (const wanted of [/^printed by the application$/, /^written to stderr$/]) {
        const { fields } = await lab.waitForRecord(wanted)
        expect(fields['request']).toBe(lab.exchanges[0]?.id)
      }
    })
  })

  describe(`${name}: clients that leave`, () => {
    test('receive tells it at once, each time', async () => {
      await using lab = await start()
      using connection = await openRaw(lab.url)
      connection.send(formatRequest({ target: '/lab/watch' }))
      await lab.waitForEntry('watching')
      connection.destroy()
      await lab.waitForEntry('http.disconnect', 2)
    })

    test('receive tells it although another request has come behind', async () => {
      await using lab = await start()
      const request = formatRequest({ target: '/lab/watch' }).toString()
      const connection = await openRaw(lab.url)
      connection.send(request + request)
      await lab.waitForEntry('watching')
      connection.destroy()
      await lab.waitForEntry('http.disconnect', 2)
    })

    test('one that only finished sending gets its answer', async () => {
      await using lab = await start()
      for (const target of ['/lab/hello', '/lab/stream?n=3&size=1000', '/lab/sleep?s=0.2']) {
        using connection = await openRaw(lab.url)
        connection.send(formatRequest({ target }))
        connection.finishSending()
        const response = await connection.readFinalResponse()
        expect([response.status, response.complete]).toEqual([200, true])
      }
    })

    test.each(['', 'begun=1', 'silent=1', 'begun=1&silent=1'])(
      'one whose application was told so gets nothing more, and nobody calls that an error: %s',
      async (query) => {
        await using lab = await start()
        using connection = await openRaw(lab.url)
        connection.send(formatRequest({ target: `/lab/part?${query}` }))
        connection.finishSending()
        await lab.waitForEntry('http.disconnect')
        if (!query.includes('silent')) await lab.waitForEntry('send-raised')
        await connection.waitForEnd()
        const received = connection.rest.toString()
        expect(received.includes('begun')).toBe(query.includes('begun'))
        expect(received).not.toMatch(/late|HTTP\/1.1 500/)
        expect(lab.records.filter(({ level }) => level === 'error')).toEqual([])
      },
    )

    test('send raises', async () => {
      await using lab = await start()
      using connection = await openRaw(lab.url)
      connection.send(formatRequest({ target: '/lab/stream?n=100000&size=10000' }))
      await connection.waitUntil(() => connection.received > 100_000, 'some of the body')
      connection.destroy()
      await lab.waitForEntry('send-raised')
      expect(await text(lab, '/lab/hello')).toBe('hello')
      expect(lab.records.filter(({ level }) => level === 'error')).toEqual([])
    })

    test.each([true, false])('with `cancelOnDisconnect` %s', async (cancelOnDisconnect) => {
      await using lab = await start({ cancelOnDisconnect, timeouts: { shutdown: 100 } })
      using connection = await openRaw(lab.url)
      connection.send(formatRequest({ target: '/lab/forever' }))
      await lab.waitForEntry('forever')
      connection.reset()
      await pollUntil(() => lab.exchanges[0]?.response.finished || undefined, 'the end')
      if (cancelOnDisconnect) await lab.waitForEntry('cancelled')
      else {
        for (let i = 0; i < 5; i++) expect(await text(lab, '/lab/hello')).toBe('hello')
        expect(lab.journal()).not.toContain('cancelled')
        await lab.backend.stop()
        expect(lab.journal()).toContain('cancelled')
      }
    })
  })

  describe(`${name}: WebSockets with \`cancelOnDisconnect\``, () => {
    test.each(['undecided', 'forever'])('are cancelled when they are lost: %s', async (target) => {
      await using lab = await start({ cancelOnDisconnect: true })
      const connection = await openRaw(lab.url)
      connection.send(formatHandshake({ target: `/lab/${target}` }))
      await lab.waitForEntry(target)
      connection.reset()
      await lab.waitForEntry('cancelled')
      expect(lab.records.filter(({ level }) => level === 'error')).toEqual([])
    })

    test('are only told when the client closes them', async () => {
      await using lab = await start({ cancelOnDisconnect: true })
      using socket = await openWebSocket(lab.url, { target: '/lab/echo' })
      socket.close(4000)
      await lab.waitForEntry('disconnect-4000')
    })
  })

  describe(`${name}: a client that finished sending, with \`cancelOnDisconnect\``, () => {
    test('is taken for one that has left', async () => {
      await using lab = await start({ cancelOnDisconnect: true })
      using connection = await openRaw(lab.url)
      connection.send(formatRequest({ target: '/lab/forever' }))
      await lab.waitForEntry('forever')
      connection.finishSending()
      await lab.waitForEntry('cancelled')
      await connection.waitForEnd()
      expect(connection.received).toBe(0)
    })
  })

  describe(`${name}: scheduling`, () => {
    test('runs many requests at once, and says how much room there is', async () => {
      await using lab = await start({ concurrency: 300 })
      expect(lab.backend.capacity).toEqual({ idle: 300, total: 300 })
      expect(lab.backend.gathers('lab')).toBe(false)
      const waiting = Array.from({ length: 200 }, () => fetchRaw(lab.url, '/lab/gate?name=g'))
      await lab.waitForEntry('gate-g', 200)
      expect(lab.backend.capacity).toEqual({ idle: 100, total: 300 })
      lab.openGate('g')
      for (const response of await Promise.all(waiting)) expect(response.text).toBe('through')
      await pollUntil(() => lab.backend.capacity.idle === 300 || undefined, 'all streams to end')
    })

    test('beyond the bound requests wait, beyond the queue they get 503, and 504 after too long', async () => {
      await using lab = await start({ concurrency: 2, queue: { limit: 2, timeout: 1500 } })
      const running = [1, 2].map(() => fetchRaw(lab.url, '/lab/gate?name=g'))
      await lab.waitForEntry('gate-g', 2)
      const waiting = [1, 2].map(() => fetchRaw(lab.url, '/lab/hello'))
      await pollUntil(() => lab.exchanges.length === 4 || undefined, 'the requests to arrive')
      const refused = await fetchRaw(lab.url, '/lab/hello')
      expect(refused.status).toBe(503)
      expect(refused.header('retry-after')).toMatch(/^\d+$/)
      for (const response of await Promise.all(waiting)) expect(response.status).toBe(504)
      const third = fetchRaw(lab.url, '/lab/hello')
      lab.openGate('g')
      for (const response of await Promise.all(running)) expect(response.text).toBe('through')
      expect((await third).text).toBe('hello')
    })

    test('an application without `multithread` gets one request at a time', async () => {
      const SERIAL = labApplication({
        name: 'serial',
        target: 'asgi_lab.py:serial',
        multithread: false,
      })
      await using lab = await start({ applications: [LAB, SERIAL] })
      const all = Array.from({ length: 8 }, () => fetchRaw(lab.url, '/serial/'))
      for (const response of await Promise.all(all)) expect(response.text).toBe('1')
    })

    test('WSGI and ASGI applications live in one group', async () => {
      const WSGI = labApplication({ name: 'wsgi', target: 'asgi_lab.py:wsgi' })
      await using lab = await start({ applications: [WSGI, LAB] })
      expect(lab.backend.findings?.applications).toMatchObject([
        { name: 'wsgi', interface: 'wsgi' },
        { name: 'lab', interface: 'asgi' },
      ])
      const gates = [1, 2, 3, 4].map(() => fetchRaw(lab.url, '/lab/gate?name=g'))
      await lab.waitForEntry('gate-g', 4)
      for (let i = 0; i < 5; i++) expect(await text(lab, '/wsgi/')).toBe('wsgi')
      lab.openGate('g')
      for (const response of await Promise.all(gates)) expect(response.text).toBe('through')
      expect([lab.backend.gathers('wsgi'), lab.backend.gathers('lab')]).toEqual([true, false])
    })

    test('a request that takes too long gets 504 and is cancelled; others and WebSockets are not', async () => {
      await using lab = await start({ timeouts: { request: 400 } })
      using socket = await openWebSocket(lab.url, { target: '/lab/echo' })
      expect((await fetchRaw(lab.url, '/lab/forever')).status).toBe(504)
      await lab.waitForEntry('cancelled')
      socket.sendText('still')
      expect((await socket.readMessage()).payload.toString()).toBe('still')
      expect(await text(lab, '/lab/hello')).toBe('hello')
    })

    test('so does a handshake that is not answered', async () => {
      await using lab = await start({ timeouts: { request: 400 } })
      using connection = await openRaw(lab.url)
      connection.send(formatHandshake({ target: '/lab/undecided' }))
      expect((await connection.readFinalResponse()).status).toBe(504)
      await lab.waitForEntry('cancelled')
      expect(lab.records.filter(({ level }) => level === 'error')).toEqual([])
    })

    test('waiting for a slow client does not count as taking long', async () => {
      await using lab = await start({ timeouts: { request: 300 } })
      using connection = await openRaw(lab.url)
      connection.send('POST /lab/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello')
      await new Promise((resolve) => {
        setTimeout(resolve, 900)
      })
      connection.send('hello')
      expect((await connection.readFinalResponse()).text).toBe('hellohello')
    })

    test('tells in its notes who answered and how long it took', async () => {
      await using lab = await start()
      await fetchRaw(lab.url, '/lab/hello')
      const notes = lab.exchanges[0]?.notes
      expect(notes?.answeredBy).toBe('lab')
      expect(notes?.worker).toMatch(/^web\/\d+/)
      expect(notes?.python).toBeGreaterThan(0)
    })
  })

  describe(`${name}: lifespan`, () => {
    test('runs around all requests, and its state is copied for each', async () => {
      await using lab = await start()
      expect(lab.journal()).toEqual(['startup'])
      for (let i = 0; i < 2; i++)
        expect(await text(lab, '/lab/state')).toBe('from the lifespan first')
      await lab.backend.stop()
      expect(lab.journal()).toEqual(['startup', 'shutdown'])
    })

    test('a startup that fails is a load failure with its message', async () => {
      await using lab = await open()
      lab.openGate('fail-startup')
      const error: unknown = await lab.backend.start().catch((error: unknown) => error)
      expect(error).toMatchObject({
        code: 'APPLICATION_LOAD',
        message: expect.stringContaining('no database'),
      })
    })

    test.each([
      ['"no\\nmirror"', /failed to start: mirror$/, 'no\nmirror'],
      ['4', /failed to start: it called sys\.exit\(4\)$/, undefined],
    ])('sys.exit(%s) in a startup is a load failure', async (code, message, cause) => {
      const own = [
        'import sys',
        'async def application(scope, receive, send):',
        '    if scope["type"] == "lifespan":',
        '        await receive()',
        `        sys.exit(${code})`,
        '',
      ].join('\n')
      await using lab = await open({ own })
      const error: unknown = await lab.backend.start().catch((error: unknown) => error)
      expect(error).toMatchObject({
        code: 'APPLICATION_LOAD',
        message: expect.stringMatching(message),
        ...(cause !== undefined && { cause }),
      })
    })

    test('an application that runs the loop while it is imported, and closes it, is served', async () => {
      const own = [
        'import asyncio',
        'loop = asyncio.get_event_loop()',
        'loop.run_until_complete(asyncio.sleep(0))',
        'loop.close()',
        'asyncio.run(asyncio.sleep(0))',
        'async def application(scope, receive, send):',
        '    if scope["type"] != "http":',
        '        raise RuntimeError("no lifespan")',
        '    await asyncio.sleep(0)',
        '    found = asyncio.get_event_loop_policy().get_event_loop()',
        '    body = b"served" if found is asyncio.get_running_loop() else b"another loop"',
        '    await send({"type": "http.response.start", "status": 200})',
        '    await send({"type": "http.response.body", "body": body})',
        '',
      ].join('\n')
      await using lab = await start({ own })
      expect(await text(lab, '/lab/')).toBe('served')
    })

    test('an application without lifespan is served', async () => {
      const target = 'asgi_lab.py:no_lifespan'
      await using lab = await start({ applications: [labApplication({ target })] })
      expect(await text(lab, '/lab/')).toBe('without')
    })

    test('shutdown comes after the last response', async () => {
      await using lab = await start()
      const running = fetchRaw(lab.url, '/lab/gate?name=g')
      await lab.waitForEntry('gate-g')
      const stopping = lab.backend.stop()
      expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(503)
      expect(lab.journal()).toEqual(['startup', 'gate-g'])
      lab.openGate('g')
      expect((await running).text).toBe('through')
      await stopping
      expect(lab.journal()).toEqual(['startup', 'gate-g', 'shutdown'])
    })
  })

  describe(`${name}: life`, () => {
    test('reload takes new code, and no request is refused meanwhile', async () => {
      await using lab = await start({ own: asgiAnswer('old') })
      lab.writeOwn(asgiAnswer('new'))
      const reloading = lab.backend.reload()
      const texts: string[] = []
      const done = reloading.then(() => texts.push('new'))
      while (texts.at(-1) !== 'new') texts.push(await text(lab, '/lab/'))
      await done
      expect(texts.filter((seen) => seen !== 'old' && seen !== 'new')).toEqual([])
      expect(await text(lab, '/lab/')).toBe('new')
    })

    test('running requests finish on the old code during a reload', async () => {
      await using lab = await start()
      const running = fetchRaw(lab.url, '/lab/gate?name=g')
      await lab.waitForEntry('gate-g')
      await lab.backend.reload()
      expect(await text(lab, '/lab/hello')).toBe('hello')
      lab.openGate('g')
      expect((await running).text).toBe('through')
    })

    test('stop ends what does not end by itself, and closes suspended generators', async () => {
      await using lab = await start({ timeouts: { shutdown: 300 } })
      expect(await text(lab, '/lab/generator')).toBe('1')
      const stuck = fetchRaw(lab.url, '/lab/forever')
      await lab.waitForEntry('forever')
      await lab.backend.stop()
      expect((await stuck).status).toBe(503)
      expect(lab.journal().toSorted()).toEqual(
        ['startup', 'forever', 'cancelled', 'generator-closed', 'shutdown'].toSorted(),
      )
    })

    test('stop does not wait for ever for threads of the executor', async () => {
      await using lab = await start()
      expect(await text(lab, '/lab/hold')).toBe('held')
      await lab.waitForEntry('held')
      await lab.backend.stop()
      expect(lab.journal()).toEqual(['startup', 'held', 'shutdown'])
      expect(lab.records.filter(({ level }) => level === 'error')).toEqual([])
    })

    test('requests wait while it starts', async () => {
      const own = `import time\ntime.sleep(0.5)\n${asgiAnswer('late')}`
      await using lab = await open({ own })
      const starting = lab.backend.start()
      expect(await text(lab, '/lab/')).toBe('late')
      await starting
    })
  })

  describe(`${name}: WebSockets`, () => {
    test('carry text and bytes both ways, of any size', async () => {
      await using lab = await start()
      using socket = await openWebSocket(lab.url, { target: '/lab/echo' })
      for (const size of [0, 1, 5000, 70_000, 900_000]) {
        const data = Buffer.alloc(size, 'ab')
        socket.send(OPCODE.binary, data)
        const back = await socket.readMessage()
        expect([back.opcode, back.payload.equals(data)]).toEqual([OPCODE.binary, true])
      }
      socket.sendText('grüße €')
      const back = await socket.readMessage()
      expect([back.opcode, back.payload.toString()]).toEqual([OPCODE.text, 'grüße €'])
    })

    test('have subprotocols, fields and the state of the lifespan', async () => {
      await using lab = await start()
      const fields = [
        ['Sec-WebSocket-Protocol', 'one, two'],
        ['Sec-WebSocket-Protocol', 'three'],
      ] as const
      using chosen = await openWebSocket(lab.url, { target: '/lab/protocol', fields })
      expect(chosen.answer.header('sec-websocket-protocol')).toBe('three')
      expect(chosen.answer.header('x-lab')).toBe('yes')
      expect((await chosen.readMessage()).payload.toString()).toBe('one,two,three')
      using socket = await openWebSocket(lab.url, { target: '/lab/state' })
      expect((await socket.readMessage()).payload.toString()).toBe(
        'ws /lab/state from the lifespan',
      )
    })

    test('are denied with 403, or with what the application says', async () => {
      await using lab = await start()
      for (const [target, status, answer] of [
        ['/lab/deny', 403, ''],
        ['/lab/deny-with-page', 418, 'no sockets'],
      ] as const) {
        using connection = await openRaw(lab.url)
        connection.send(formatHandshake({ target }))
        const response = await connection.readFinalResponse()
        expect(response.status).toBe(status)
        expect(response.text).toContain(answer)
      }
    })

    test('close with the code of either side', async () => {
      await using lab = await start()
      using ours = await openWebSocket(lab.url, { target: '/lab/echo' })
      ours.sendText('close')
      expect(await ours.readClose()).toBe('4001 as asked')
      ours.close(4001)
      await lab.waitForEntry('disconnect-4001')
      using theirs = await openWebSocket(lab.url, { target: '/lab/echo' })
      theirs.close(3000, 'bye')
      await lab.waitForEntry('disconnect-3000')
      using plain = await openWebSocket(lab.url, { target: '/lab/echo' })
      plain.send(OPCODE.close)
      await lab.waitForEntry('disconnect-1005')
      using lost = await openWebSocket(lab.url, { target: '/lab/echo' })
      lost.connection.destroy()
      await lab.waitForEntry('disconnect-1006')
      using crashed = await openWebSocket(lab.url, { target: '/lab/crash' })
      crashed.sendText('now')
      expect(await crashed.readClose()).toMatch(/^1011/)
    })

    test('that are not read stall the application, and those it does not read stall the client', async () => {
      await using lab = await start()
      using flooded = await openWebSocket(lab.url, { target: '/lab/flood?n=3000' })
      flooded.connection.pause()
      flooded.discard()
      const before = await pollUntil(async () => {
        const sent = await text(lab, '/lab/flooded')
        await new Promise((resolve) => {
          setTimeout(resolve, 50)
        })
        return sent === (await text(lab, '/lab/flooded')) ? Number(sent) : undefined
      }, 'the sender to wait')
      expect(before).toBeLessThan(2000)
      using silent = await openWebSocket(lab.url, { target: '/lab/silent' })
      const piece = Buffer.alloc(50_000)
      for (let i = 0; i < 400; i++) silent.send(OPCODE.binary, piece)
      await lab.waitForEntry('gate-silent')
      await new Promise((resolve) => {
        setTimeout(resolve, 200)
      })
      expect(silent.connection.socket.writableLength).toBeGreaterThan(5_000_000)
      lab.openGate('silent')
      silent.sendText('end')
      expect((await silent.readMessage()).payload.toString()).toBe('400 20000000')
      flooded.connection.resume()
      await flooded.connection.waitUntil(
        () => flooded.connection.received > 30_000_000,
        'all messages',
      )
    })

    test(`${MANY} at once`, async () => {
      await using lab = await start({ concurrency: MANY + 500 })
      const sockets: RawWebSocket[] = []
      while (sockets.length < MANY)
        sockets.push(
          ...(await Promise.all(
            Array.from({ length: Math.min(100, MANY - sockets.length) }, () =>
              openWebSocket(lab.url, { target: '/lab/echo' }),
            ),
          )),
        )
      for (const [i, socket] of sockets.entries()) socket.sendText(`socket ${i}`)
      for (const [i, socket] of sockets.entries())
        expect((await socket.readMessage()).payload.toString()).toBe(`socket ${i}`)
      expect(lab.backend.capacity.idle).toBe(500)
      expect(await text(lab, '/lab/hello')).toBe('hello')
      for (const socket of sockets) socket.close(1000)
      await lab.waitForEntry('disconnect-1000', MANY)
      for (const socket of sockets) socket[Symbol.dispose]()
      await pollUntil(
        () => lab.backend.capacity.idle === MANY + 500 || undefined,
        'all streams to end',
      )
    })

    test('are closed with 1012 on a reload, at once, and new ones are served by the new code', async () => {
      await using lab = await start()
      using old = await openWebSocket(lab.url, { target: '/lab/echo' })
      await lab.backend.reload()
      expect(await old.readClose()).toMatch(/^1012/)
      old.close(1012)
      await lab.waitForEntry('disconnect-1012')
      using next = await openWebSocket(lab.url, { target: '/lab/echo' })
      next.sendText('new')
      expect((await next.readMessage()).payload.toString()).toBe('new')
    })

    test('are closed with 1012 on a stop, also when they do not answer', async () => {
      await using lab = await start({ timeouts: { shutdown: 3000 } })
      using polite = await openWebSocket(lab.url, { target: '/lab/echo' })
      using mute = await openWebSocket(lab.url, { target: '/lab/echo' })
      const stopping = lab.backend.stop()
      expect(await polite.readClose()).toMatch(/^1012/)
      polite.close(1012)
      expect(await mute.readClose()).toMatch(/^1012/)
      await stopping
      expect(lab.journal().at(-1)).toBe('shutdown')
      expect(lab.journal().filter((entry) => entry.startsWith('disconnect'))).toHaveLength(2)
    })

    test('wait in the queue like requests', async () => {
      await using lab = await start({ concurrency: 1, queue: { limit: 1 } })
      const running = fetchRaw(lab.url, '/lab/gate?name=g')
      await lab.waitForEntry('gate-g')
      const connection = await openRaw(lab.url)
      connection.send(formatHandshake({ target: '/lab/echo' }))
      await pollUntil(() => lab.exchanges.length === 2 || undefined, 'the handshake to arrive')
      expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(503)
      lab.openGate('g')
      await running
      using socket = await finishHandshake(connection)
      socket.sendText('late')
      expect((await socket.readMessage()).payload.toString()).toBe('late')
    })
  })
}
