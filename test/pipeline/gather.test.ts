import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Exchange } from '../../src/core/exchange.ts'
import { createResponseHead } from '../../src/core/response-head.ts'
import type { Invocation, Upstream } from '../../src/core/upstream.ts'
import type { FrontTimeouts } from '../../src/fronts/options.ts'
import { createApplicationAnswerer } from '../../src/pipeline/application.ts'
import { createGatherer } from '../../src/pipeline/gather.ts'
import { formatChunk, openRaw, pollUntil, type RawConnection } from '../support/raw-client.ts'
import { servePipeline, type ServedPipeline } from './support/serve.ts'

/** An upstream that receives exchanges and answers them when the test says so. */
class Inbox implements Upstream {
  readonly failure = undefined
  readonly capacity = { idle: 4, total: 4 }
  readonly statistics = { running: 0, waiting: 0, finished: 0, failed: 0 }
  readonly #gathered: number
  readonly arrived: {
    readonly exchange: Exchange
    readonly invocation: Invocation
    readonly complete: boolean
  }[] = []

  constructor(gathered: number) {
    this.#gathered = gathered
  }

  gatheredBytes(): number {
    return this.#gathered
  }

  run(exchange: Exchange, invocation: Invocation): void {
    this.arrived.push({ exchange, invocation, complete: exchange.body.complete })
    this.capacity.idle -= 1
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  async waitFor(count: number, meanwhile = (): void => {}): Promise<void> {
    await pollUntil(() => {
      meanwhile()
      return this.arrived.length >= count || undefined
    }, `${count} exchanges`)
  }

  /** Reads the available body and answers with its length. */
  answer(index: number): void {
    const exchange = this.arrived[index]?.exchange
    const length = String(exchange?.body.take()?.length ?? 0)
    const head = createResponseHead(200, ['Content-Length', String(length.length)])
    exchange?.response.send(head, Buffer.from(length))
  }
}

async function serveInbox(
  { request = 1 << 20, requestTotal = 1 << 28 } = {},
  timeouts: Partial<FrontTimeouts> = {},
): Promise<{ readonly inbox: Inbox; readonly server: ServedPipeline }> {
  const inbox = new Inbox(request)
  const gatherer = createGatherer({ requestTotal })
  const answer = createApplicationAnswerer({ upstream: inbox, application: 'web', gatherer })
  const server = await servePipeline({ routes: [{ path: '/m', answer }] }, timeouts)
  return { inbox, server }
}

async function post(
  server: ServedPipeline,
  head: string,
  body: string | Buffer = '',
): Promise<RawConnection> {
  const connection = await openRaw(server.url)
  connection.send(`POST /m/x HTTP/1.1\r\nHost: a.test\r\n${head}\r\n\r\n`)
  if (body.length > 0) connection.send(body)
  return connection
}

afterEach(() => {
  vi.useRealTimers()
})

/** Makes time pass for bodies that stall. */
function passTime(): void {
  vi.advanceTimersByTime(250)
}

describe('gathering', () => {
  test('hands over a request without a body at once', async () => {
    const { inbox, server } = await serveInbox()
    await using _server = server
    using connection = await openRaw(server.url)
    connection.send('GET /m HTTP/1.1\r\nHost: a.test\r\n\r\n')
    await inbox.waitFor(1)
    expect(inbox.arrived[0]?.invocation).toEqual({
      application: 'web',
      scriptName: '/m',
      pathInfo: '',
    })
    expect(inbox.arrived[0]?.exchange.notes.answeredBy).toBe('web')
  })

  test('waits for a whole body of known length', async () => {
    const { inbox, server } = await serveInbox()
    inbox.capacity.idle = 0
    await using _server = server
    using connection = await post(server, 'Content-Length: 700000', Buffer.alloc(350_000))
    using other = await post(server, 'Content-Length: 3', 'abc')
    await inbox.waitFor(1)
    expect(inbox.arrived[0]?.exchange.body.length).toBe(3)
    connection.send(Buffer.alloc(350_000))
    await inbox.waitFor(2)
    expect(inbox.arrived[1]?.complete).toBe(true)
    inbox.answer(1)
    expect((await connection.readResponse()).text).toBe('700000')
    inbox.answer(0)
    expect((await other.readResponse()).text).toBe('3')
  })

  test('makes the length of a chunked body known', async () => {
    const { inbox, server } = await serveInbox()
    inbox.capacity.idle = 0
    await using _server = server
    using connection = await post(server, 'Transfer-Encoding: chunked', formatChunk('hello '))
    connection.send(formatChunk(Buffer.alloc(700_000)))
    connection.send('0\r\n\r\n')
    await inbox.waitFor(1)
    expect(inbox.arrived[0]?.exchange.body.length).toBe(700_006)
    inbox.answer(0)
    expect((await connection.readResponse()).text).toBe('700006')
  })

  test('hands over a body that is longer than the buffer when the buffer is full', async () => {
    const { inbox, server } = await serveInbox({ request: 200_000 })
    inbox.capacity.idle = 0
    await using _server = server
    using _connection = await post(server, 'Content-Length: 10000000', Buffer.alloc(400_000))
    await inbox.waitFor(1)
    expect(inbox.arrived[0]?.complete).toBe(false)
    expect(inbox.arrived[0]?.exchange.body.buffered).toBeGreaterThanOrEqual(200_000)
    expect(inbox.arrived[0]?.exchange.body.buffered).toBeLessThan(400_000)
  })

  test('hands over a request that waits for 100 Continue, if its length is known', async () => {
    const { inbox, server } = await serveInbox()
    await using _server = server
    using connection = await post(server, 'Content-Length: 5\r\nExpect: 100-continue')
    await inbox.waitFor(1)
    expect(inbox.arrived[0]?.exchange.body.expectsContinue).toBe(true)
    inbox.answer(0)
    expect((await connection.readResponse()).status).toBe(200)
  })

  test('requests a chunked body that waits for 100 Continue', async () => {
    const { inbox, server } = await serveInbox()
    inbox.capacity.idle = 0
    await using _server = server
    using connection = await post(server, 'Transfer-Encoding: chunked\r\nExpect: 100-continue')
    expect((await connection.readResponse()).status).toBe(100)
    connection.send(formatChunk('hello'))
    connection.send('0\r\n\r\n')
    await inbox.waitFor(1)
    expect(inbox.arrived[0]?.exchange.body.length).toBe(5)
  })

  test('lets stalled bodies take half of the threads and no more', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { inbox, server } = await serveInbox()
    await using _server = server
    const slow = await Promise.all(
      Array.from({ length: 6 }, async () => await post(server, 'Content-Length: 10', 'half')),
    )
    await inbox.waitFor(2, passTime)
    using quick = await post(server, 'Content-Length: 3', 'abc')
    await inbox.waitFor(3)
    vi.advanceTimersByTime(60_000)
    expect(inbox.arrived.map(({ complete }) => complete)).toEqual([false, false, true])
    inbox.answer(2)
    expect((await quick.readResponse()).text).toBe('3')
    for (const connection of slow) connection.destroy()
  })

  test('gives the only thread to a stalled body, but later', async () => {
    const { inbox, server } = await serveInbox()
    Object.assign(inbox.capacity, { idle: 1, total: 1 })
    await using _server = server
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    using _slow = await post(server, 'Content-Length: 10', 'half')
    using _quick = await post(server, 'Content-Length: 3', 'abc')
    await inbox.waitFor(1)
    inbox.capacity.idle = 1
    await inbox.waitFor(2, passTime)
    expect(inbox.arrived.map(({ complete }) => complete)).toEqual([true, false])
  })

  test('forgets a client that disconnects before its body is complete', async () => {
    const { inbox, server } = await serveInbox()
    inbox.capacity.idle = 0
    await using _server = server
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const connection = await post(server, 'Content-Length: 10', 'half')
    connection.destroy()
    inbox.capacity.idle = 4
    using _quick = await post(server, 'Content-Length: 3', 'abc')
    await inbox.waitFor(1)
    vi.advanceTimersByTime(60_000)
    expect(inbox.arrived.map(({ complete }) => complete)).toEqual([true])
  })

  test('refuses a broken body once, and never hands it over', async () => {
    const { inbox, server } = await serveInbox()
    inbox.capacity.idle = 0
    await using _server = server
    using connection = await post(server, 'Transfer-Encoding: chunked', 'nonsense\r\n')
    const answers = await connection.readUntilEnd(['POST'])
    expect(answers.map(({ status }) => status)).toEqual([400])
    expect(inbox.arrived.length).toBe(0)
  })

  test('leaves a body that takes too long to 408, answered once', async () => {
    const { inbox, server } = await serveInbox({}, { body: 300 })
    inbox.capacity.idle = 0
    await using _server = server
    using connection = await post(server, 'Content-Length: 10', 'half')
    const answers = await connection.readUntilEnd(['POST'])
    expect(answers.map(({ status }) => status)).toEqual([408])
    expect(inbox.arrived.length).toBe(0)
  })

  test('leaves a chunked body over the limit to 413, answered once', async () => {
    const { inbox, server } = await serveInbox()
    inbox.capacity.idle = 0
    await using _server = server
    using connection = await post(server, 'Transfer-Encoding: chunked', formatChunk('hello'))
    connection.send('ffffffff\r\n')
    const answers = await connection.readUntilEnd(['POST'])
    expect(answers.map(({ status }) => status)).toEqual([413])
    expect(inbox.arrived.length).toBe(0)
  })

  test('reads no more than the front does when the memory limit is reached', async () => {
    const { inbox, server } = await serveInbox({ requestTotal: 64 * 1024 })
    inbox.capacity.idle = 0
    await using _server = server
    using first = await post(server, 'Content-Length: 60000', Buffer.alloc(50_000))
    using _second = await post(server, 'Content-Length: 500000', Buffer.alloc(300_000))
    await inbox.waitFor(1)
    expect(inbox.arrived[0]?.complete).toBe(false)
    expect(inbox.arrived[0]?.exchange.body.length).toBe(500_000)
    expect(inbox.arrived[0]?.exchange.body.buffered).toBeLessThan(200_000)
    first.send(Buffer.alloc(10_000))
    await inbox.waitFor(2)
    expect(inbox.arrived[1]?.complete).toBe(true)
  })
})
