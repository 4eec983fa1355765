import { expect, test } from 'vitest'
import { startHttpLab } from './support/http-lab.ts'
import { END, RESET, startRawServer, type Step } from './support/raw-server.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const CLOSING = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'

/** A port at which nobody listens. */
async function findDeadPort(): Promise<number> {
  await using server = await startRawServer()
  return server.port
}

test('a connection that is kept is used again, also after it was tried', async () => {
  await using server = await startRawServer(OK)
  await using lab = await startHttpLab([server.port])
  expect((await lab.ask(GET)).text).toBe('ok')
  // Whether the server keeps it is known after a moment.
  await expect
    .poll(async () => {
      await lab.ask(GET)
      return server.longest
    })
    .toBeGreaterThan(2)
})

const CLOSED: readonly (readonly [string, readonly Step[]])[] = [
  ['Connection: close', [CLOSING]],
  ['an end', [OK, END]],
]

test.each(CLOSED)('a connection with %s is not used again', async (_name, steps) => {
  await using server = await startRawServer(...steps)
  await using lab = await startHttpLab([server.port])
  for (let round = 0; round < 5; round++) expect((await lab.ask(GET)).text).toBe('ok')
  expect(server.received).toHaveLength(5)
})

test('an answer is passed on although the upload was not read', async () => {
  const refusal = 'HTTP/1.1 413 No\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig'
  await using server = await startRawServer()
  await using lab = await startHttpLab([server.port])
  server.behaviour = (socket) => {
    socket.pause()
    socket.write(refusal)
    socket.destroySoon()
  }
  for (let round = 0; round < 20; round++) {
    using client = await lab.connect()
    const size = 8 << 20
    client.send(`POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${size}\r\n\r\n`)
    client.send(Buffer.alloc(size))
    const { status, text } = await client.readFinalResponse()
    expect([status, text]).toEqual([413, 'big'])
  }
})

test('a client that leaves ends its request at the upstream', async () => {
  await using server = await startRawServer('HTTP/1.1 200 OK\r\n\r\nbegun')
  await using lab = await startHttpLab([server.port])
  const client = await lab.connect()
  client.send(GET)
  await client.waitUntil(() => client.rest.includes('begun'), 'the beginning')
  client.reset()
  await expect.poll(() => server.open).toBe(0)
  await expect.poll(() => lab.upstream.statistics.running).toBe(0)
})

test('a client that leaves before its request was sent costs no request', async () => {
  await using server = await startRawServer()
  await using lab = await startHttpLab([server.port], { client: { connections: 1 } })
  using first = await lab.connect()
  first.send(GET)
  await expect.poll(() => server.received).toHaveLength(1)
  const second = await lab.connect()
  second.send(GET)
  await expect.poll(() => lab.upstream.statistics.waiting).toBe(1)
  second.reset()
  server.answer(OK)
  await expect.poll(() => lab.front.outcomes.length).toBe(1)
  expect(server.received).toHaveLength(1)
})

test('an upload that the client breaks off is broken off', async () => {
  await using server = await startRawServer()
  await using lab = await startHttpLab([server.port])
  const client = await lab.connect()
  client.send('POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 200000\r\n\r\n')
  client.send(Buffer.alloc(100_000))
  await expect.poll(() => server.received[0]?.length ?? 0).toBeGreaterThan(100_000)
  client.reset()
  await expect.poll(() => server.open).toBe(0)
})

test('a request that was not sent goes to the next address', async () => {
  await using server = await startRawServer(OK)
  await using lab = await startHttpLab([await findDeadPort(), server.port])
  for (const body of ['', 'x'.repeat(1000)]) {
    const { text } = await lab.ask(
      `POST / HTTP/1.1\r\nHost: t\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    expect(text).toBe('ok')
  }
  await using alone = await startHttpLab([await findDeadPort()])
  const refusal = await alone.ask(GET)
  expect([refusal.status, refusal.header('Retry-After')]).toEqual([503, '1'])
})

test('one that may have been read is not sent again, unless that is allowed', async () => {
  await using lazy = await startRawServer(OK)
  const gateway = { retries: 'idempotent' } as const
  await using strict = await startHttpLab([lazy.port])
  await using lenient = await startHttpLab([lazy.port], { gateway })
  /** The status of a request on a kept connection that is closed when it comes. */
  const askLate = async (lab: typeof strict, method: string): Promise<number> => {
    lazy.answer(OK)
    const before = lazy.longest + 1
    await expect
      .poll(async () => {
        await lab.ask(GET)
        return lazy.longest
      })
      .toBeGreaterThan(before)
    let rounds = 0
    lazy.behaviour = (socket) => {
      rounds += 1
      if (rounds === 1) socket.destroy()
      else socket.write(OK)
    }
    return (await lab.ask(`${method} / HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n`)).status
  }
  expect(await askLate(strict, 'GET')).toBe(502)
  expect(await askLate(lenient, 'POST')).toBe(502)
  expect(await askLate(lenient, 'GET')).toBe(200)
})

test('one that was read is never sent again', async () => {
  await using server = await startRawServer(RESET)
  await using other = await startRawServer(OK)
  const gateway = { retries: 'idempotent', balance: 'round-robin' } as const
  await using lab = await startHttpLab([server.port, other.port], { gateway })
  const statuses = [(await lab.ask(GET)).status, (await lab.ask(GET)).status]
  expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 502])
})

test('a server that serves one connection at a time keeps nobody waiting', async () => {
  await using server = await startRawServer()
  let served: unknown
  const waiting: (() => void)[] = []
  server.behaviour = (socket) => {
    const serve = (): void => {
      served = socket
      socket.write(OK)
    }
    if (served === undefined || served === socket) serve()
    else waiting.push(serve)
    socket.once('close', () => {
      if (served !== socket) return
      served = undefined
      waiting.shift()?.()
    })
  }
  await using lab = await startHttpLab([server.port])
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all([lab.ask(GET), lab.ask(GET), lab.ask(GET)])
    expect(answers.map(({ text }) => text)).toEqual(['ok', 'ok', 'ok'])
  }
})

test('time limits: a connection, the first byte, the next byte', async () => {
  await using server = await startRawServer()
  const timeouts = { connect: 100, firstByte: 100, betweenBytes: 100, request: 0 }
  await using lab = await startHttpLab([server.port], { gateway: { timeouts } })
  expect((await lab.ask(GET)).status).toBe(504)
  server.answer('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok')
  const { status, complete } = await lab.ask(GET)
  expect([status, complete]).toEqual([200, false])
  await expect.poll(() => server.open).toBe(0)
})
