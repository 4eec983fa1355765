import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'

import { serve } from '../../src/index.ts'
import { formatPairs } from '../../src/wire/fastcgi/pairs.ts'
import { formatRecord, RecordDecoder, RecordType } from '../../src/wire/fastcgi/records.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { describePeer } from '../support/peers/describe-peer.ts'
import { nodeFastcgi } from '../support/peers/programs.ts'
import { flup } from '../support/peers/python.ts'
import { formatEndRecord, formatOutput } from './support/fastcgi-peer.ts'

async function serveMultiplexed(upstream: string, connections = 4) {
  const server = await serve({
    routes: [{ path: '/', upstream: { urls: [upstream], multiplex: 'auto', connections } }],
    bind: '127.0.0.1:0',
    log: { level: 'silent' },
  })
  const [url = ''] = server.urls
  return {
    ask: async (path: string, options: RequestInit = {}) =>
      await fetch(url + path, { signal: AbortSignal.timeout(DEADLINE), ...options }),
    [Symbol.asyncDispose]: async () => await server.stop(),
  }
}

interface Asked {
  readonly socket: Socket
  readonly id: number
  /** The value of PATH_INFO is in it. */
  readonly head: string
}

/** An application that says what it takes; `onRequest` is called at the end of STDIN. */
async function startApplication(answer: readonly string[], onRequest: (asked: Asked) => void) {
  const state = { connections: 0, aborted: 0 }
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    const heads = new Map<number, string>()
    const decoder = new RecordDecoder(
      {
        onRecord({ type, id }, chunk, start, end) {
          if (type === RecordType.GET_VALUES)
            socket.write(formatRecord(RecordType.GET_VALUES_RESULT, 0, formatPairs(answer)))
          else if (type === RecordType.BEGIN_REQUEST) {
            if (heads.size === 0) state.connections += 1
            heads.set(id, '')
          } else if (type === RecordType.PARAMS)
            heads.set(id, heads.get(id) + chunk.toString('latin1', start, end))
          else if (type === RecordType.ABORT_REQUEST) state.aborted += 1
          else if (type === RecordType.STDIN && start === end)
            onRequest({ socket, id, head: heads.get(id) ?? '' })
        },
      },
      'UPSTREAM_FAILED',
    )
    socket.on('data', (chunk) => decoder.push(chunk))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return {
    state,
    url: `fastcgi://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const TAKES_MANY = ['FCGI_MAX_REQS', '50', 'FCGI_MPXS_CONNS', '1']

function answer({ socket, id }: Asked, text: string): void {
  socket.write(formatOutput(`Content-Type: text/plain\r\n\r\n${text}`, id))
  socket.write(formatEndRecord(0, id))
}

type Gateway = Awaited<ReturnType<typeof serveMultiplexed>>

/** The first requests go one by one, until the application has said what it takes. */
async function warmUp({ ask }: Gateway, isReady: () => boolean): Promise<void> {
  await expect
    .poll(async () => {
      await (await ask('/warm')).text()
      return isReady()
    })
    .toBe(true)
}

describe('several requests on a connection', () => {
  test('wait for each other only in the application', async () => {
    const waiting: Asked[] = []
    let most = 0
    await using application = await startApplication(TAKES_MANY, (asked) => {
      if (asked.head.includes('/warm')) answer(asked, 'warm')
      else waiting.push(asked)
      most = Math.max(most, waiting.length)
    })
    await using gateway = await serveMultiplexed(application.url)
    let seen = 0
    await warmUp(gateway, () => {
      const isSettled = seen === application.state.connections && seen > 1
      seen = application.state.connections
      return isSettled
    })
    const answers = Array.from({ length: 20 }, async (_, at) => {
      const got = await gateway.ask(`/n${at}`, at % 2 === 0 ? {} : { method: 'POST', body: 'x' })
      return await got.text()
    })
    await expect.poll(() => waiting.length).toBe(20)
    expect(new Set(waiting.map(({ socket }) => socket)).size).toBe(1)
    // The last one is answered first.
    for (const asked of waiting.toReversed()) answer(asked, /\/n\d+/.exec(asked.head)?.[0] ?? '')
    expect(await Promise.all(answers)).toEqual(answers.map((_, at) => `/n${at}`))
    expect(most).toBe(20)
  })

  test('are aborted one by one', async () => {
    const waiting: Asked[] = []
    await using application = await startApplication(TAKES_MANY, (asked) => {
      if (asked.head.includes('/warm')) answer(asked, 'warm')
      else waiting.push(asked)
    })
    await using gateway = await serveMultiplexed(application.url)
    await warmUp(gateway, () => application.state.connections > 1)
    const leaving = new AbortController()
    const left = gateway.ask('/left', { signal: leaving.signal }).catch(() => 'left')
    const stays = gateway.ask('/stays')
    await expect.poll(() => waiting.length).toBe(2)
    leaving.abort()
    expect(await left).toBe('left')
    await expect.poll(() => application.state.aborted).toBe(1)
    for (const asked of waiting) answer(asked, 'late')
    expect(await (await stays).text()).toBe('late')
    expect((await gateway.ask('/warm')).status).toBe(200)
  })

  test('are lost with it, and the next ones get another one', async () => {
    const waiting: Asked[] = []
    await using application = await startApplication(TAKES_MANY, (asked) => {
      if (asked.head.includes('/warm')) answer(asked, 'warm')
      else waiting.push(asked)
    })
    await using gateway = await serveMultiplexed(application.url)
    await warmUp(gateway, () => application.state.connections > 1)
    const both = [gateway.ask('/a'), gateway.ask('/b')]
    await expect.poll(() => waiting.length).toBe(2)
    answer(waiting[0] ?? expect.fail(), 'whole')
    waiting[1]?.socket.end()
    const statuses = await Promise.all(both.map(async (one) => (await one).status))
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 502])
    expect((await gateway.ask('/warm')).status).toBe(200)
  })
})

test('an application that says nothing gets one request on a connection', async () => {
  await using application = await startApplication([], (asked) => answer(asked, 'one'))
  await using gateway = await serveMultiplexed(application.url)
  const answers = Array.from({ length: 6 }, async () => (await gateway.ask('/x')).status)
  expect(await Promise.all(answers)).toEqual([200, 200, 200, 200, 200, 200])
})

for (const kind of [nodeFastcgi, flup])
  describePeer(kind, { protocol: 'fastcgi' }, (current) => {
    test('many requests at a time get their own answers', async () => {
      await using gateway = await serveMultiplexed(current().place.url)
      for (let round = 0; round < 3; round += 1) {
        const asked = Array.from({ length: 30 }, async (_, at) => {
          const body = 'b'.repeat(at * 5000)
          const post = at === 0 ? {} : { method: 'POST', body }
          const told: unknown = await (await gateway.ask(`/echo?n=${at}`, post)).json()
          expect(told).toMatchObject({ query: `n=${at}`, size: body.length })
        })
        const large = gateway.ask('/large').then(async (one) => await one.arrayBuffer())
        await Promise.all(asked)
        expect((await large).byteLength).toBe(3_000_000)
      }
    })
  })
