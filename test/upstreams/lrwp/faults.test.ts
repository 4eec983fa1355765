import { readdir, readlink } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import { formatRequest, openRaw, pollUntil } from '../../support/raw-client.ts'
import { startLrwpLab, type LrwpLab } from './support/lrwp-lab.ts'
import { formatAnswer, formatOutput, type RawPeer } from './support/raw-peer.ts'

/** Another peer answers, so the agent has forgotten the one before and is well. */
async function checkWell(lab: LrwpLab): Promise<void> {
  await lab.waitForRecord(/lrwp: calc has lost its peer/)
  await lab.serve('calc', () => 'well')
  expect(await lab.get('/calc')).toBe('200 well')
}

async function waitForIdle({ agent }: LrwpLab, count: number): Promise<void> {
  await pollUntil(() => agent.capacity.idle === count || undefined, `${count} idle peers`)
  // What has made them idle is over.
  for (let turn = 0; turn < 3; turn++) await nextTurn()
}

/** Lets a peer leave just before it would get the next request, when the agent has read everything. */
function leaveUnread(lab: LrwpLab, leave: () => void): void {
  lab.onRequest = () => setImmediate(() => setImmediate(leave))
}

describe('a peer that leaves', () => {
  const WAYS = ['destroy', 'reset', 'finishSending'] as const

  test.each(WAYS)('while it is idle is forgotten: %s', async (way) => {
    await using lab = await startLrwpLab()
    const peer = await lab.register('calc')
    peer.connection[way]()
    await checkWell(lab)
    expect(lab.agent.statistics).toMatchObject({ finished: 1, failed: 0 })
  })

  test.each(WAYS)('while it has a request costs that: %s', async (way) => {
    await using lab = await startLrwpLab()
    const peer = await lab.register('calc')
    const answer = lab.get('/calc')
    await peer.takeRequest()
    peer.connection[way]()
    expect(await answer).toBe('502 Bad Gateway\n')
    await checkWell(lab)
    expect(lab.agent.statistics).toMatchObject({ finished: 2, failed: 1 })
  })

  test.each(WAYS)('in the middle of its answer cuts that off: %s', async (way) => {
    await using lab = await startLrwpLab()
    const peer = await lab.register('calc')
    using client = await openRaw(lab.url)
    client.send(formatRequest({ target: '/calc' }))
    await peer.takeRequest()
    peer.send(formatAnswer(formatOutput('x'.repeat(1000))).slice(0, 100))
    await client.waitUntil(() => client.rest.includes('xxx'), 'the beginning')
    peer.connection[way]()
    expect((await client.readResponse()).complete).toBe(false)
    await checkWell(lab)
  })

  test('before its answer has a head gives 502', async () => {
    await using lab = await startLrwpLab()
    const peer = await lab.register('calc')
    const answer = lab.get('/calc')
    await peer.takeRequest()
    await peer.connection.sendAll('000000900Content-Type: te')
    peer.connection.destroy()
    expect(await answer).toBe('502 Bad Gateway\n')
    await checkWell(lab)
  })

  test.each(['destroy', 'reset'] as const)(
    'at the moment that it would get a request costs none: %s',
    async (way) => {
      await using lab = await startLrwpLab({ balance: 'first-idle' })
      const [first, second] = [await lab.register('calc'), await lab.register('calc')]
      void second.serve(({ body }) => formatOutput(`second ${body}`))
      await waitForIdle(lab, 2)
      leaveUnread(lab, () => first.connection[way]())
      expect(await lab.get({ target: '/calc', method: 'POST', body: 'whole' })).toBe(
        '200 second whole',
      )
      expect(lab.agent.statistics).toMatchObject({ finished: 1, failed: 0 })
      await lab.waitForRecord(/lost its peer \S+ after 0 requests/)
    },
  )

  test('at the moment that it would get a request, as the last one, gives 503', async () => {
    await using lab = await startLrwpLab()
    const peer = await lab.register('calc')
    await waitForIdle(lab, 1)
    leaveUnread(lab, () => peer.connection.reset())
    expect(await lab.get('/calc')).toBe('503 Service Unavailable\n')
    await checkWell(lab)
  })

  test('between two requests of a client costs none of them', async () => {
    await using lab = await startLrwpLab({ balance: 'first-idle' })
    const first = await lab.register('calc')
    await lab.serve('calc', () => 'second')
    const answer = lab.get('/calc')
    await first.takeRequest()
    // Its answer and its end arrive together.
    first.answer(formatOutput('first'))
    first.connection.destroy()
    expect(await answer).toBe('200 first')
    expect(await lab.get('/calc')).toBe('200 second')
  })

  test('together with its answer takes none along that waits', async () => {
    await using lab = await startLrwpLab()
    const [first, second] = [await lab.register('calc'), await lab.register('calc')]
    const answers = [lab.get('/calc'), lab.get('/calc')]
    await Promise.all([first.takeRequest(), second.takeRequest()])
    answers.push(lab.get('/calc'))
    await lab.waitForWaiting(1)
    first.answer(formatOutput('first'))
    first.connection.finishSending()
    await lab.waitForRecord(/lost its peer/)
    second.answer(formatOutput('second'))
    await second.takeRequest()
    second.answer(formatOutput('second'))
    expect((await Promise.all(answers)).toSorted()).toEqual([
      '200 first',
      '200 second',
      '200 second',
    ])
  })
})

describe('a peer that breaks the protocol', () => {
  test.each([
    ['no length', 'Content-Type: text/plain\r\n\r\n'],
    ['a length with a sign', '+00000005hello'],
    ['a length with a space', '       28'],
    ['a longer answer than is allowed', '002000001'],
    ['more than its answer', `${formatAnswer(formatOutput('x'))}y`],
    ['two answers', formatAnswer(formatOutput('x')).repeat(2)],
  ])('by %s is dropped', async (_what, bytes) => {
    await using lab = await startLrwpLab()
    const peer = await lab.register('calc')
    const answer = lab.get('/calc')
    await peer.takeRequest()
    peer.send(bytes)
    expect((await answer).slice(0, 3)).toBe('502')
    await peer.connection.waitForEnd()
    await checkWell(lab)
  })

  test.each([
    ['as soon as it is registered', 0],
    ['when it has settled', 1],
  ])('by bytes that nobody asked for is dropped, %s', async (_when, idle) => {
    await using lab = await startLrwpLab()
    const peer = await lab.register('calc')
    await pollUntil(() => lab.agent.capacity.idle >= idle || undefined, 'an idle peer')
    peer.answer(formatOutput('for nobody'))
    await peer.connection.waitForEnd()
    await checkWell(lab)
  })

  test.each([
    ['nothing', ''],
    ['no head', 'hello'],
    ['a status that is none', 'Status: 99\r\n\r\n'],
    ['an interim status', 'Status: 101 Switching Protocols\r\n\r\n'],
    ['two statuses', 'Status: 200\r\nStatus: 404\r\n\r\n'],
    ['a broken field', 'Content-Type: a/b\r\nX Y: z\r\n\r\n'],
    ['a control character', 'Content-Type: a/b\r\nX: a\0b\r\n\r\n'],
    ['a long head', `X: ${'x'.repeat(70_000)}\r\n\r\n`],
  ])('of CGI alone, by %s, keeps its connection', async (_what, output) => {
    await using lab = await startLrwpLab()
    const peer = await lab.register('calc')
    for (const [bytes, expected] of [
      [output, '502 Bad Gateway\n'],
      [formatOutput('better'), '200 better'],
    ] as const) {
      const answer = lab.get('/calc')
      await peer.takeRequest()
      peer.answer(bytes)
      expect(await answer).toBe(expected)
    }
    await lab.waitForRecord(/lrwp: calc: /)
  })
})

test('an answer that is shorter than it says is cut off, and a failure', async () => {
  await using lab = await startLrwpLab()
  const peer = await lab.register('calc')
  const answer = lab.fetch('/calc')
  await peer.takeRequest()
  peer.answer(`Content-Length: 9\r\n${formatOutput('short')}`)
  expect((await answer).complete).toBe(false)
  await lab.waitForRecord(/lrwp: calc: /)
  expect(lab.agent.statistics).toMatchObject({ finished: 1, failed: 1 })
})

describe('time', () => {
  const timeouts = { request: 100, registration: 10_000, shutdown: 0 }

  test.each([
    ['says nothing', ''],
    ['says half', '000000900Content-Type'],
  ])('is over for a peer that %s', async (_what, bytes) => {
    await using lab = await startLrwpLab({ timeouts })
    const peer = await lab.register('calc')
    const answer = lab.get('/calc')
    await peer.takeRequest()
    peer.send(bytes)
    expect(await answer).toBe('504 Gateway Timeout\n')
    await peer.connection.waitForEnd()
    await lab.waitForRecord(
      /lost its peer .* after 1 request, 1 failure, .*\(0 peers left\): no whole answer/,
    )
  })

  test('is over also when the client has left', async () => {
    await using lab = await startLrwpLab({ timeouts })
    const peer = await lab.register('calc')
    const client = await openRaw(lab.url)
    client.send(formatRequest({ target: '/calc' }))
    await peer.takeRequest()
    client.reset()
    await peer.connection.waitForEnd()
    await checkWell(lab)
  })
})

describe('a client that leaves', () => {
  async function leave(lab: LrwpLab, peer: RawPeer): Promise<void> {
    const client = await openRaw(lab.url)
    client.send(formatRequest({ target: '/calc' }))
    await peer.takeRequest()
    client.reset()
  }

  test('does not free the peer, whose late answer is dropped', async () => {
    await using lab = await startLrwpLab()
    const peer = await lab.register('calc')
    await leave(lab, peer)
    const next = lab.get('/calc/next')
    await lab.waitForWaiting(1)
    expect(lab.agent.statistics.running).toBe(1)
    peer.answer(formatOutput('late'))
    expect((await peer.takeRequest()).variables['PATH_INFO']).toBe('/next')
    peer.answer(formatOutput('in time'))
    expect(await next).toBe('200 in time')
    expect(lab.agent.statistics).toMatchObject({ finished: 2, failed: 0 })
  })

  test('and reads nothing does not stop the answer', async () => {
    await using lab = await startLrwpLab({ responseLimit: 50_000_000 })
    const peer = await lab.register('calc')
    const client = await openRaw(lab.url)
    client.pause()
    client.send(formatRequest({ target: '/calc' }))
    await peer.takeRequest()
    const sent = peer.connection.sendAll(formatAnswer(formatOutput('x'.repeat(40_000_000))))
    await pollUntil(() => lab.agent.statistics.running === 1 || undefined, 'the request')
    await pollUntil(() => client.socket.readableLength > 0 || undefined, 'the beginning')
    client.reset()
    await sent
    const next = lab.get('/calc')
    await peer.takeRequest()
    peer.answer(formatOutput('next'))
    expect(await next).toBe('200 next')
  })

  test('in the middle of an upload costs no peer anything', async () => {
    await using lab = await startLrwpLab()
    await lab.serve('calc', () => 'other')
    const client = await openRaw(lab.url)
    const upload = formatRequest({ target: '/calc', method: 'POST', body: 'x'.repeat(500_000) })
    client.send(upload.subarray(0, 400_000))
    // The peer is free for others.
    expect(await lab.get('/calc')).toBe('200 other')
    client.reset()
    expect(await lab.get('/calc')).toBe('200 other')
    expect(lab.agent.statistics).toEqual({ running: 0, waiting: 0, finished: 2, failed: 0 })
  })

  test('while its upload is on the way to the peer does not stop that', async () => {
    await using lab = await startLrwpLab()
    const peer = await lab.register('calc')
    const client = await openRaw(lab.url)
    const body = 'x'.repeat(20_000_000)
    client.send(formatRequest({ target: '/calc', method: 'POST', body }))
    await pollUntil(() => lab.agent.statistics.running === 1 || undefined, 'the request')
    client.reset()
    const next = lab.get('/calc/next')
    await lab.waitForWaiting(1)
    expect((await peer.takeRequest()).body === body).toBe(true)
    peer.answer(formatOutput('late'))
    await peer.takeRequest()
    peer.answer(formatOutput('next'))
    expect(await next).toBe('200 next')
    expect(await listTemporary()).toEqual([])
  })
})

/** Files without a name that this process has open. */
async function listTemporary(): Promise<string[]> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  )
  return links.filter((path) => path.includes('taipan-body-'))
}
