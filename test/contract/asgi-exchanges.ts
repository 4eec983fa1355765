import { describe, expect, test } from 'vitest'

import { fetchRaw, formatChunk, formatRequest, openRaw, pollUntil } from '../support/raw-client.ts'
import { openWebSocket } from '../support/web-socket-client.ts'
import type { AsgiLabs } from './asgi-labs.ts'
import { fetchText } from './asgi-labs.ts'
import { testExchanges } from './exchanges.ts'

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
// Headers of proxies, which any client can send.
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

/** Tests of requests to ASGI applications and their responses. */
export function describeAsgiExchanges(name: string, { start }: AsgiLabs): void {
  describe(`${name}: requests`, () => {
    testExchanges(start, SPOILING)

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

    test('scheme and addresses are those of the connection, not of forwarding headers', async () => {
      await using lab = await start({ own: ADDRESSES })
      const server = `('127.0.0.1', ${new URL(lab.url).port})`
      const { text: seen } = await fetchRaw(lab.url, { target: '/lab/', headers: FORWARDED })
      expect(seen).toBe(`http http 127.0.0.1 ${server}`)
      using socket = await openWebSocket(lab.url, { target: '/lab/', fields: FORWARDED })
      const message = (await socket.readMessage()).payload.toString()
      expect(message).toBe(`websocket ws 127.0.0.1 ${server}`)
    })

    test('an application answers each piece of an upload before the next one arrives', async () => {
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

    test('an unread upload causes backpressure, and arrives complete later', async () => {
      await using lab = await start()
      using connection = await openRaw(lab.url)
      const size = 40_000_000
      connection.send(`POST /lab/stall HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
      const sending = connection.sendAll(Buffer.alloc(size))
      await lab.waitForEntry('gate-stalled')
      for (let i = 0; i < 3; i++) expect(await fetchText(lab, '/lab/hello')).toBe('hello')
      await new Promise((resolve) => {
        setTimeout(resolve, 200)
      })
      expect(connection.socket.writableLength).toBeGreaterThan(size / 2)
      lab.openGate('stalled')
      await sending
      expect((await connection.readFinalResponse()).text).toBe(String(size))
    })

    test('the body of a half-closed client arrives complete', async () => {
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

    test('sends 100 Continue when the body is read', async () => {
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

    test('an incomplete body is a disconnect, never an end', async () => {
      await using lab = await start()
      using connection = await openRaw(lab.url)
      connection.send('POST /lab/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\nhello')
      await connection.sendAll(Buffer.alloc(300_000))
      connection.destroy()
      await lab.waitForEntry('disconnect-in-body')
      expect(await fetchText(lab, '/lab/hello')).toBe('hello')
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

    test('a client that does not read blocks its own application within a limit, and no other', async () => {
      await using lab = await start()
      using slow = await openRaw(lab.url)
      slow.pause()
      slow.send(formatRequest({ target: '/lab/stream?n=2500&size=10000' }))
      await pollUntil(() => lab.exchanges[0]?.response.begun || undefined, 'the response to begin')
      for (let i = 0; i < 20; i++) expect(await fetchText(lab, '/lab/hello')).toBe('hello')
      const before = await pollUntil(async () => {
        const sent = await fetchText(lab, '/lab/sent')
        return sent === (await fetchText(lab, '/lab/sent')) ? Number(sent) : undefined
      }, 'the sender to wait')
      expect(before).toBeLessThan(2000)
      const other = await fetchRaw(lab.url, '/lab/echo-pieces')
      expect(other.complete).toBe(true)
      slow.resume()
      await slow.waitUntil(() => slow.received > 25_000_000, 'the rest')
      const response = await slow.readFinalResponse()
      expect([response.complete, response.body.length]).toEqual([true, 25_000_000])
    })

    test('answers 500 to SystemExit, and goes on', async () => {
      await using lab = await start()
      expect((await fetchRaw(lab.url, '/lab/exit')).status).toBe(500)
      expect(await fetchText(lab, '/lab/hello')).toBe('hello')
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

    test('background work continues after the answer, even if the client has disconnected', async () => {
      await using lab = await start({ cancelOnDisconnect: true })
      expect(await fetchText(lab, '/lab/background')).toBe('answered')
      await lab.waitForEntry('gate-background')
      lab.openGate('background')
      await lab.waitForEntry('background-done')
    })

    test('output of the application is logged with the request', async () => {
      await using lab = await start()
      await fetchText(lab, '/lab/print')
      for (const wanted of [/^printed by the application$/, /^written to stderr$/]) {
        const { fields } = await lab.waitForRecord(wanted)
        expect(fields['request']).toBe(lab.exchanges[0]?.id)
      }
    })
  })

  describe(`${name}: clients that disconnect`, () => {
    test('receive reports it at once, each time', async () => {
      await using lab = await start()
      using connection = await openRaw(lab.url)
      connection.send(formatRequest({ target: '/lab/watch' }))
      await lab.waitForEntry('watching')
      connection.destroy()
      await lab.waitForEntry('http.disconnect', 2)
    })

    test('receive reports it although another request has arrived after it', async () => {
      await using lab = await start()
      const request = formatRequest({ target: '/lab/watch' }).toString()
      const connection = await openRaw(lab.url)
      connection.send(request + request)
      await lab.waitForEntry('watching')
      connection.destroy()
      await lab.waitForEntry('http.disconnect', 2)
    })

    test('one that only half-closed gets its answer', async () => {
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
      'one whose application was told gets nothing more, without an error: %s',
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
      expect(await fetchText(lab, '/lab/hello')).toBe('hello')
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
        for (let i = 0; i < 5; i++) expect(await fetchText(lab, '/lab/hello')).toBe('hello')
        expect(lab.journal()).not.toContain('cancelled')
        await lab.backend.stop()
        expect(lab.journal()).toContain('cancelled')
      }
    })
  })

  describe(`${name}: a half-closed client, with \`cancelOnDisconnect\``, () => {
    test('counts as disconnected', async () => {
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
}
