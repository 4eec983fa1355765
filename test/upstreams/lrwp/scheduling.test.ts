import { describe, expect, test } from 'vitest'

import { openRaw, pollUntil, formatRequest } from '../../support/raw-client.ts'
import { startLrwpLab, type LrwpLab } from './support/lrwp-lab.ts'
import { formatOutput, openPeer, registerPeer } from './support/raw-peer.ts'

/** Resolves when so many peers are idle. */
async function waitForIdle({ agent }: LrwpLab, count: number): Promise<void> {
  await pollUntil(() => agent.capacity.idle === count || undefined, `${count} idle peers`)
}

async function serveNumbered(lab: LrwpLab, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) await lab.serve('calc', () => String(number))
  await waitForIdle(lab, count)
}

async function ask(lab: LrwpLab, times: number): Promise<string> {
  const answers: string[] = []
  for (let i = 0; i < times; i++) answers.push((await lab.fetch('/calc')).text)
  return answers.join('')
}

describe('idle peers', () => {
  test('get requests in turn', async () => {
    await using lab = await startLrwpLab({ balance: 'round-robin' })
    await serveNumbered(lab, 3)
    expect(await ask(lab, 7)).toBe('1231231')
  })

  test('get requests by the order of their registration', async () => {
    await using lab = await startLrwpLab({ balance: 'first-idle' })
    await serveNumbered(lab, 3)
    expect(await ask(lab, 4)).toBe('1111')
    const [one, two] = await Promise.all([lab.fetch('/calc'), lab.fetch('/calc')])
    expect([one?.text, two?.text].toSorted()).toEqual(['1', '2'])
  })
})

describe('a new peer', () => {
  test('gets nothing with the answer to its registration', async () => {
    await using lab = await startLrwpLab()
    await lab.register('calc')
    const first = lab.get('/calc')
    const second = lab.get('/calc')
    await lab.waitForWaiting(1)
    using peer = await openPeer(lab.address)
    const chunks: string[] = []
    peer.connection.socket.on('data', (chunk: Buffer) => chunks.push(chunk.toString('latin1')))
    peer.send('calc\xff\xff')
    await peer.take(2)
    // The separator that may still come is no reason to drop it.
    peer.send('\xff')
    await peer.takeRequest()
    expect(chunks[0]).toBe('OK')
    peer.answer(formatOutput('new'))
    expect(await second).toBe('200 new')
    await lab[Symbol.asyncDispose]()
    expect(await first).toMatch(/^50[23]/)
  })

  test('may send its last separator after its first request', async () => {
    await using lab = await startLrwpLab()
    using peer = await openPeer(lab.address)
    peer.send('calc\xff\xff')
    await peer.take(2)
    const answer = lab.get('/calc')
    await peer.takeRequest()
    peer.send('\xff')
    peer.answer(formatOutput('fine'))
    expect(await answer).toBe('200 fine')
  })

  test('takes from the queue, in the order of arrival', async () => {
    await using lab = await startLrwpLab()
    const busy = await lab.register('calc')
    const held = lab.get('/calc/held')
    await busy.takeRequest()
    const second = lab.get('/calc/2')
    await lab.waitForWaiting(1)
    const third = lab.get('/calc/3')
    await lab.waitForWaiting(2)
    await lab.serve('calc', ({ variables }) => `new ${variables['PATH_INFO']}`)
    expect(await second).toBe('200 new /2')
    expect(await third).toBe('200 new /3')
    busy.answer(formatOutput('held'))
    expect(await held).toBe('200 held')
  })

  test('is waited for although it is the only one', async () => {
    await using lab = await startLrwpLab({ queue: { limit: 1, timeout: 1 } })
    await lab.serve('calc', () => 'settled')
    expect(await lab.get('/calc')).toBe('200 settled')
  })
})

describe('requests that wait', () => {
  async function startBusy(options: Parameters<typeof startLrwpLab>[0]) {
    const lab = await startLrwpLab(options)
    const peer = await lab.register('calc')
    const held = lab.get('/calc')
    await peer.takeRequest()
    return { lab, peer, held }
  }

  async function finish({ lab, peer, held }: Awaited<ReturnType<typeof startBusy>>) {
    peer.answer(formatOutput('held'))
    expect(await held).toBe('200 held')
    await lab[Symbol.asyncDispose]()
  }

  test('are so many', async () => {
    const { lab, peer } = await startBusy({ queue: { limit: 2, timeout: 0 } })
    const waiting = [lab.get('/calc'), lab.get('/calc')]
    await lab.waitForWaiting(2)
    const refused = await lab.fetch('/calc')
    expect([refused.status, refused.header('retry-after')]).toEqual([503, '1'])
    expect(lab.agent.statistics).toEqual({ running: 1, waiting: 2, finished: 0, failed: 1 })
    peer.answer(formatOutput('held'))
    void peer.serve(() => formatOutput('rest'))
    expect(await Promise.all(waiting)).toEqual(['200 rest', '200 rest'])
    await lab[Symbol.asyncDispose]()
  })

  test('wait for so long', async () => {
    const busy = await startBusy({ queue: { limit: 9, timeout: 1 } })
    const answers = await Promise.all([busy.lab.get('/calc'), busy.lab.get('/calc')])
    expect(answers).toEqual(['504 Gateway Timeout\n', '504 Gateway Timeout\n'])
    await finish(busy)
  })

  test('are forgotten with their clients', async () => {
    const busy = await startBusy({ queue: { limit: 1, timeout: 0 } })
    const client = await openRaw(busy.lab.url)
    client.send(formatRequest({ target: '/calc' }))
    await busy.lab.waitForWaiting(1)
    client.reset()
    await busy.lab.waitForWaiting(0)
    await finish(busy)
  })

  test('get 503 when the last peer leaves', async () => {
    const { lab, peer, held } = await startBusy({})
    const waiting = lab.fetch('/calc')
    await lab.waitForWaiting(1)
    peer[Symbol.dispose]()
    expect(await held).toBe('502 Bad Gateway\n')
    const refused = await waiting
    expect([refused.status, refused.header('retry-after')]).toEqual([503, '1'])
    await lab[Symbol.asyncDispose]()
  })

  test('get 503 when the server stops, and the peer may finish', async () => {
    const { lab, peer, held } = await startBusy({})
    const waiting = lab.get('/calc')
    await lab.waitForWaiting(1)
    const { address } = lab
    const stopped = lab.agent.stop()
    expect(await waiting).toBe('503 Service Unavailable\n')
    expect(await lab.get('/calc')).toBe('503 Service Unavailable\n')
    await expect(registerPeer(address, 'calc')).rejects.toThrow('ECONNREFUSED')
    peer.answer(formatOutput('held'))
    expect(await held).toBe('200 held')
    await stopped
    await peer.connection.waitForEnd()
    await lab[Symbol.asyncDispose]()
  })

  test('and those that run end with the time of a stop', async () => {
    const timeouts = { request: 0, registration: 10_000, shutdown: 1 }
    const { lab, peer, held } = await startBusy({ timeouts })
    await lab.agent.stop()
    expect(await held).toBe('503 Service Unavailable\n')
    await peer.connection.waitForEnd()
    await lab[Symbol.asyncDispose]()
  })
})
