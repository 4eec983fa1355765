import type { Socket } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { RecordType } from '../../src/wire/fastcgi/records.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { findFreePort } from '../support/free-port.ts'
import { formatRequest, openRaw } from '../support/raw-client.ts'
import {
  formatAnswer,
  formatEndRecord,
  formatOutput,
  startFastCgiPeer,
  type PeerRequest,
} from './support/fastcgi-peer.ts'
import { serveGateway } from './support/serve-gateway.ts'

const NO_LIMITS = { connect: 0, firstByte: 0, betweenBytes: 0, request: 0 }
const HEAD = 'Content-Type: text/plain\n\n'

/** A peer that answers with a name. */
async function startNamed(name: string, port = 0) {
  return await startFastCgiPeer(({ socket }) => socket.write(formatAnswer(name)), { port })
}

/** A peer that answers when a test says so. */
async function startHeld() {
  const held: PeerRequest[] = []
  const peer = await startFastCgiPeer((request) => void held.push(request))
  return {
    peer,
    held,
    waitFor: async (count: number) =>
      await vi.waitFor(() => expect(held.length).toBeGreaterThanOrEqual(count), DEADLINE),
    release: (text = 'released') => held.shift()?.socket.write(formatAnswer(text)),
  }
}

/** Serves a connection to its end before the next one, as a child of php-fpm does. */
async function startOneByOne() {
  let current: Socket | undefined
  const waiting: PeerRequest[] = []
  const serveNext = ({ socket }: PeerRequest): void => {
    if (current !== undefined && current !== socket) return
    if (current === undefined)
      socket.once('close', () => {
        current = undefined
        const next = waiting.shift()
        if (next !== undefined) serveNext(next)
      })
    current = socket
    socket.write(formatAnswer('served'))
  }
  return await startFastCgiPeer((request) => {
    if (current !== undefined && current !== request.socket) waiting.push(request)
    else serveNext(request)
  })
}

describe('connections', () => {
  test('are used again once one was seen to stay open', async () => {
    await using peer = await startNamed('kept')
    await using gateway = await serveGateway([peer.url])
    await vi.waitFor(async () => {
      await gateway.get()
      const [one, other] = peer.requests.slice(-2)
      expect(one?.connection).toBe(other?.connection)
    }, DEADLINE)
  })

  test('are used again, however few there may be and however fast requests follow', async () => {
    await using peer = await startNamed('kept')
    await using gateway = await serveGateway([peer.url], { connections: 1 })
    const areNew = (): boolean =>
      new Set(peer.requests.map(({ connection }) => connection)).size === peer.requests.length
    const end = performance.now() + DEADLINE
    do await gateway.get()
    while (areNew() && performance.now() < end)
    expect(areNew()).toBe(false)
  })

  test('that the other side closes after each answer are not used again', async () => {
    await using peer = await startFastCgiPeer(({ socket }) => socket.end(formatAnswer('closed')))
    await using gateway = await serveGateway([peer.url])
    for (let i = 0; i < 30; i++) expect(await gateway.get()).toBe('200 closed')
    expect(new Set(peer.requests.map(({ connection }) => connection)).size).toBe(30)
  })

  test('that take no second request are left for a new one', async () => {
    await using peer = await startFastCgiPeer(({ socket, connection }) => {
      const isFirst = peer.requests.filter((one) => one.connection === connection).length === 1
      socket.write(isFirst ? formatAnswer('first') : formatEndRecord(1))
    })
    await using gateway = await serveGateway([peer.url])
    expect(await gateway.get()).toBe('200 first')
    await new Promise((resolve) => setTimeout(resolve, 40))
    for (let i = 0; i < 3; i++) expect(await gateway.get()).toBe('200 first')
    // The second request was tried on the kept connection first.
    expect(peer.requests.length).toBe(5)
  })

  test('that are closed under a request are left for a new one', async () => {
    let closes = false
    await using peer = await startFastCgiPeer(({ socket, connection }) => {
      const isFirst = peer.requests.filter((one) => one.connection === connection).length === 1
      if (closes && !isFirst) socket.end()
      else socket.write(formatAnswer('new'))
    })
    await using gateway = await serveGateway([peer.url], { retries: 'idempotent' })
    await vi.waitFor(async () => {
      await Promise.all(Array.from({ length: 4 }, () => gateway.get()))
      expect(peer.sockets.size).toBe(4)
    }, DEADLINE)
    // Those that stay open are trusted.
    await new Promise((resolve) => setTimeout(resolve, 40))
    const before = peer.requests.length
    closes = true
    expect(await gateway.get()).toBe('200 new')
    expect(peer.requests.length).toBe(before + 2)
  })

  test('of one route keep none of another one waiting', async () => {
    await using peer = await startOneByOne()
    await using a = await serveGateway([peer.url], { params: { ROUTE: 'a' } })
    await using b = await serveGateway([peer.url], { params: { ROUTE: 'b' } })
    for (let i = 0; i < 3; i++)
      for (const gateway of [a, b]) expect(await gateway.get()).toBe('200 served')
  })

  test('with bytes that nobody has asked for are dropped', async () => {
    await using peer = await startFastCgiPeer(({ socket, connection }) => {
      socket.write(formatAnswer(`answer ${connection}`))
      setTimeout(() => socket.write(formatAnswer('of an earlier request')), 10)
    })
    await using gateway = await serveGateway([peer.url], { connections: 1 })
    for (let i = 0; i < 5; i++) {
      expect(await gateway.get()).toMatch(/^200 answer \d$/)
      await vi.waitFor(() => expect(peer.sockets.size).toBe(0), DEADLINE)
    }
  })

  test('are not more than allowed; the other requests wait in turn', async () => {
    const { peer, held, waitFor, release } = await startHeld()
    await using _ = peer
    await using gateway = await serveGateway([peer.url], { connections: 2 })
    const answers = ['/1', '/2', '/3', '/4'].map((target) => gateway.get(target))
    await waitFor(2)
    await vi.waitFor(() => expect(gateway.upstream.statistics.waiting).toBe(2), DEADLINE)
    expect(gateway.upstream.capacity).toEqual({ idle: 0, total: 2 })
    expect(peer.sockets.size).toBe(2)
    for (let i = 0; i < 4; i++) {
      await waitFor(1)
      release(held[0]?.variables.get('REQUEST_URI'))
    }
    expect(await Promise.all(answers)).toEqual(['200 /1', '200 /2', '200 /3', '200 /4'])
  })
})

describe('the queue', () => {
  test('has a bound', async () => {
    const { peer, waitFor, release } = await startHeld()
    await using _ = peer
    await using gateway = await serveGateway([peer.url], {
      connections: 1,
      queue: { limit: 1, timeout: 0 },
    })
    const first = gateway.get()
    await waitFor(1)
    const second = gateway.get()
    await vi.waitFor(() => expect(gateway.upstream.statistics.waiting).toBe(1), DEADLINE)
    const third = await gateway.fetch()
    expect(third.status).toBe(503)
    expect(third.header('Retry-After')).toBe('1')
    release()
    expect(await first).toBe('200 released')
    await waitFor(1)
    release()
    expect(await second).toBe('200 released')
  })

  test('has a time limit', async () => {
    const { peer, waitFor, release } = await startHeld()
    await using _ = peer
    await using gateway = await serveGateway([peer.url], {
      connections: 1,
      queue: { limit: 10, timeout: 50 },
    })
    const first = gateway.get()
    await waitFor(1)
    expect(await gateway.get()).toBe('504 Gateway Timeout\n')
    release()
    expect(await first).toBe('200 released')
  })

  test('forgets clients that leave', async () => {
    const { peer, held, waitFor, release } = await startHeld()
    await using _ = peer
    await using gateway = await serveGateway([peer.url], {
      connections: 1,
      queue: { limit: 1, timeout: 0 },
    })
    const first = gateway.get('/first')
    await waitFor(1)
    const gone = await openRaw(gateway.url)
    gone.send(formatRequest({ target: '/gone' }))
    await vi.waitFor(() => expect(gateway.upstream.statistics.waiting).toBe(1), DEADLINE)
    gone.destroy()
    await vi.waitFor(() => expect(gateway.upstream.statistics.waiting).toBe(0), DEADLINE)
    const last = gateway.get('/last')
    release()
    await waitFor(1)
    expect(held[0]?.variables.get('REQUEST_URI')).toBe('/last')
    release()
    expect(await Promise.all([first, last])).toEqual(['200 released', '200 released'])
  })
})

describe('time limits', () => {
  test.each([
    ['firstByte', [], '504 Gateway Timeout\n', /sent no answer within 60 ms/],
    ['request', [], '504 Gateway Timeout\n', /took longer than 60 ms/],
    ['firstByte', [formatOutput('Content-T')], '504 Gateway Timeout\n', /sent no answer/],
    ['betweenBytes', [formatOutput(`${HEAD}some`)], '200 some', /nothing more for 60 ms/],
  ] as const)('%s', async (name, bytes, answer, logged) => {
    await using peer = await startFastCgiPeer(({ socket }) => {
      for (const one of bytes) socket.write(one)
    })
    await using gateway = await serveGateway([peer.url], {
      timeouts: { ...NO_LIMITS, [name]: 60 },
    })
    expect(await gateway.get()).toBe(answer)
    expect(gateway.records.join('\n')).toMatch(logged)
    await vi.waitFor(() => expect(peer.sockets.size).toBe(0), DEADLINE)
    expect(gateway.upstream.statistics).toMatchObject({ running: 0, finished: 1, failed: 1 })
  })

  test('connect', async () => {
    // An address for documentation (RFC 5737) answers nothing, or has no route at all.
    await using gateway = await serveGateway(['fastcgi://192.0.2.1:9'], {
      timeouts: { ...NO_LIMITS, connect: 60 },
    })
    expect((await gateway.fetch()).status).toBeGreaterThanOrEqual(503)
  })

  test('do not count while the client sends its body slowly', async () => {
    await using peer = await startFastCgiPeer(({ socket, body }) =>
      socket.write(formatAnswer(body)),
    )
    await using gateway = await serveGateway([peer.url], {
      timeouts: { ...NO_LIMITS, firstByte: 80 },
    })
    using client = await openRaw(gateway.url)
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n')
    for (const byte of 'abc') {
      await new Promise((resolve) => setTimeout(resolve, 120))
      client.send(byte)
    }
    expect(await client.readFinalResponse('POST')).toMatchObject({ status: 200, text: 'abc' })
  })
})

describe('several addresses', () => {
  test('take turns', async () => {
    await using a = await startNamed('a')
    await using b = await startNamed('b')
    await using c = await startNamed('c')
    for (const balance of ['least', 'round-robin'] as const) {
      await using gateway = await serveGateway([a.url, b.url, c.url], { balance })
      const answers = []
      for (let i = 0; i < 6; i++) answers.push(await gateway.get())
      expect(answers).toEqual(['200 a', '200 b', '200 c', '200 a', '200 b', '200 c'])
    }
  })

  test('get the same request by the hash of a field', async () => {
    await using a = await startNamed('a')
    await using b = await startNamed('b')
    await using gateway = await serveGateway([a.url, b.url], {
      balance: { hash: 'header:X-User' },
    })
    const seen = new Set<string>()
    for (let user = 0; user < 20; user++) {
      const headers = [['X-User', `user${user}`]] as const
      const answers = [await gateway.fetch({ headers }), await gateway.fetch({ headers })]
      expect(answers[0]?.text).toBe(answers[1]?.text)
      seen.add(answers[0]?.text ?? '')
    }
    expect(seen).toEqual(new Set(['a', 'b']))
  })

  test('that are down are passed over, and found again when the others go', async () => {
    const [one, two] = [await findFreePort(), await findFreePort()]
    const urls = [one, two].map((port) => `fastcgi://127.0.0.1:${port}`)
    await using gateway = await serveGateway(urls)
    {
      await using _ = await startNamed('one', one)
      for (let i = 0; i < 6; i++) expect(await gateway.get()).toBe('200 one')
    }
    await using _ = await startNamed('two', two)
    for (let i = 0; i < 6; i++) expect(await gateway.get()).toBe('200 two')
    expect(gateway.upstream.statistics.failed).toBe(0)
  })

  test('get a request that was refused by one because it is busy', async () => {
    await using busy = await startFastCgiPeer(({ socket }) => socket.write(formatEndRecord(2)))
    await using free = await startNamed('free')
    await using gateway = await serveGateway([busy.url, free.url])
    for (let i = 0; i < 4; i++) expect(await gateway.get()).toBe('200 free')
  })

  test('are free for others while a request waits for one of them', async () => {
    const { peer: busy, held, waitFor, release } = await startHeld()
    await using _ = busy
    await using picky = await startFastCgiPeer(({ socket, variables }) =>
      socket.write(
        variables.get('REQUEST_URI') === '/refused' ? formatEndRecord(2) : formatAnswer('picky'),
      ),
    )
    await using gateway = await serveGateway([busy.url, picky.url], { connections: 1 })
    const first = gateway.get('/first')
    await waitFor(1)
    const refused = gateway.get('/refused')
    await vi.waitFor(() => expect(gateway.upstream.statistics.waiting).toBe(1), DEADLINE)
    for (let i = 0; i < 3; i++) expect(await gateway.get('/other')).toBe('200 picky')
    release('first')
    expect(await first).toBe('200 first')
    await waitFor(1)
    expect(held[0]?.variables.get('REQUEST_URI')).toBe('/refused')
    release('second')
    expect(await refused).toBe('200 second')
  })

  test.each([
    ['unsent', 'GET', 502, 1],
    ['idempotent', 'GET', 502, 2],
    ['idempotent', 'POST', 502, 1],
  ] as const)(
    'with retries %s a %s that may have begun is sent %s',
    async (retries, method, status, times) => {
      const end = ({ socket }: PeerRequest): void => void socket.end()
      await using a = await startFastCgiPeer(end)
      await using b = await startFastCgiPeer(end)
      await using gateway = await serveGateway([a.url, b.url], { retries })
      expect((await gateway.fetch({ method })).status).toBe(status)
      expect(a.requests.length + b.requests.length).toBe(times)
    },
  )
})

describe('a client that leaves', () => {
  test('is told to the application, whose connection is not used again', async () => {
    await using peer = await startFastCgiPeer(() => {})
    await using gateway = await serveGateway([peer.url])
    const client = await openRaw(gateway.url)
    client.send(formatRequest())
    await vi.waitFor(() => expect(peer.requests.length).toBe(1), DEADLINE)
    client.destroy()
    await vi.waitFor(() => expect(peer.records).toContain(RecordType.ABORT_REQUEST), DEADLINE)
    await vi.waitFor(() => expect(peer.sockets.size).toBe(0), DEADLINE)
    await vi.waitFor(
      () => expect(gateway.upstream.statistics).toMatchObject({ running: 0, failed: 0 }),
      DEADLINE,
    )
  })
})

describe('bodies', () => {
  const body = 'x'.repeat(300_000)
  const chunks = [body.slice(0, 1000), body.slice(1000)]
  const echo = ({ socket, variables, body }: PeerRequest): void =>
    void socket.write(formatAnswer(`${variables.get('CONTENT_LENGTH')} ${body.length}`))

  test('of unknown length get one', async () => {
    await using peer = await startFastCgiPeer(echo)
    await using gateway = await serveGateway([peer.url])
    const answer = await gateway.fetch({ method: 'POST', chunks })
    expect(answer.text).toBe('300000 300000')
    const short = await gateway.fetch({ method: 'POST', chunks: ['abc', 'def'] })
    expect(short.text).toBe('6 6')
    const none = await gateway.fetch({ method: 'POST', chunks: [] })
    expect(none.text).toBe('0 0')
  })

  test.each([411, 413] as const)(
    'of unknown length are refused with %d if long',
    async (status) => {
      await using peer = await startFastCgiPeer(echo)
      await using gateway = await serveGateway([peer.url], { unknownLength: status })
      expect((await gateway.fetch({ method: 'POST', chunks })).status).toBe(status)
      const short = await gateway.fetch({ method: 'POST', chunks: ['abc', 'def'] })
      expect(short.text).toBe('6 6')
      expect(peer.requests.length).toBe(1)
    },
  )

  test('that nobody reads do not hide the answer', async () => {
    await using peer = await startFastCgiPeer(
      ({ socket }) => {
        socket.pause()
        socket.write(formatAnswer('too large'), () => socket.destroy())
      },
      { waitsForBody: false },
    )
    await using gateway = await serveGateway([peer.url])
    for (let i = 0; i < 20; i++) {
      const answer = await gateway.fetch({ method: 'POST', body: 'x'.repeat(3_000_000) })
      expect(answer).toMatchObject({ status: 200, text: 'too large' })
    }
  })

  test('are asked for by the server, and Expect is not passed on', async () => {
    await using peer = await startFastCgiPeer(echo)
    await using gateway = await serveGateway([peer.url])
    using client = await openRaw(gateway.url)
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n')
    expect(await client.readResponse('POST')).toMatchObject({ status: 100 })
    client.send('abc')
    expect(await client.readFinalResponse('POST')).toMatchObject({ text: '3 3' })
    expect(peer.requests[0]?.variables.has('HTTP_EXPECT')).toBe(false)
  })
})

describe('variables', () => {
  test('are those of the request, also where most are as before', async () => {
    await using peer = await startNamed('told')
    await using gateway = await serveGateway([peer.url], {
      params: { APP_ENV: 'prod', SERVER_SOFTWARE: 'mine' },
    })
    using client = await openRaw(gateway.url)
    const long = 'v'.repeat(10_000)
    for (const target of ['/a?x=1', '/b%20c', '/c', `/long?${long}`, '/d']) {
      client.send(
        formatRequest({
          target,
          headers: [
            ['X-Long', long.repeat(3)],
            ['X-Longer', long.repeat(3)],
          ],
        }),
      )
      await client.readResponse()
    }
    const seen = peer.requests.map(({ variables }) => variables)
    expect(seen.map((one) => one.get('REQUEST_URI')?.slice(0, 20))).toEqual(
      ['/a?x=1', '/b%20c', '/c', `/long?${long}`, '/d'].map((target) => target.slice(0, 20)),
    )
    expect(seen.map((one) => one.get('PATH_INFO'))).toEqual(['/a', '/b c', '/c', '/long', '/d'])
    expect(seen.map((one) => one.get('QUERY_STRING')?.length)).toEqual([3, 0, 0, 10_000, 0])
    for (const one of seen) {
      expect(Object.fromEntries(one)).toMatchObject({
        APP_ENV: 'prod',
        SERVER_SOFTWARE: 'mine',
        GATEWAY_INTERFACE: 'CGI/1.1',
        REDIRECT_STATUS: '200',
        REQUEST_SCHEME: 'http',
        SERVER_NAME: 'taipan.test',
        SERVER_PORT: '80',
        SCRIPT_NAME: '',
        HTTP_HOST: 'taipan.test',
      })
      expect(one.get('DOCUMENT_URI')).toBe(one.get('PATH_INFO'))
      expect(one.get('HTTP_X_LONG')?.length).toBe(30_000)
    }
  })

  test('of fields with underscores, Proxy and names of the gateway are left out', async () => {
    await using peer = await startNamed('told')
    await using gateway = await serveGateway([peer.url])
    const headers = [
      ['Proxy', 'http://evil'],
      ['X_Under', '1'],
      ['Authorization', 'Basic eDp5'],
    ] as const
    await gateway.fetch({ headers })
    const names = [...(peer.requests[0]?.variables.keys() ?? [])]
    expect(names).toContain('HTTP_AUTHORIZATION')
    expect(names.filter((name) => /PROXY|UNDER|^taipan/.test(name))).toEqual([])
    expect(new Set(names).size).toBe(names.length)
  })
})
