import { afterEach, describe, expect, test, vi } from 'vitest'

import { STOP_ECHO_MS } from '../../../src/processes/supervised-process.ts'
import { NO_DEMANDS, type LeftOut } from '../../../src/core/process-group.ts'
import { labApplication, resolveLabGroup } from '../../support/backend-lab.ts'
import { FakeGroup } from '../../support/fake-group.ts'
import { FakeHosts, type FakeHost } from '../../support/fake-host.ts'
import { pollUntil } from '../../support/raw-client.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** Resolves when `condition` is true; sockets are real, but no timer runs. */
async function waitWithoutClock(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate)
}

function read({ backend }: FakeGroup): number[] {
  const { running, waiting, finished, failed } = backend.statistics
  return [running, waiting, finished, failed]
}

test('a stop does not wait for a worker without its socket to serve waiting requests', async () => {
  await using group = new FakeGroup()
  await group.backend.start()
  const running = group.run()
  await group.hosts.get(0).asked
  const waiting = group.run()
  group.hosts.get(0).loseThread(0)
  expect((await running.over).status).toBe(502)
  const stopping = group.backend.stop()
  expect((await waiting.over).status).toBe(503)
  await stopping
  expect(group.hosts.get(0).calls).toEqual(['stop'])
})

test('a stop lets waiting requests run, and resolves when all have ended', async () => {
  await using group = new FakeGroup()
  await group.backend.start()
  const exchanges = [group.run(), group.run(), group.run()]
  const stopping = group.backend.stop()
  for (const exchange of exchanges) {
    expect(group.hosts.get(0).calls).toEqual([])
    group.hosts.get(0).abortRequest(0)
    expect((await exchange.over).status).toBe(500)
  }
  await stopping
})

test('requests that the last worker had not begun are refused when it ends during a stop', async () => {
  await using group = new FakeGroup()
  await group.backend.start()
  const running = group.run()
  await group.hosts.get(0).asked
  const waiting = group.run()
  const stopping = group.backend.stop()
  group.hosts.get(0).exit({ code: null, signal: 'SIGKILL' })
  expect((await running.over).status).toBe(502)
  expect((await waiting.over).status).toBe(503)
  await stopping
})

test('counts running, waiting, finished and failed requests', async () => {
  await using group = new FakeGroup({ queue: { limit: 1, timeout: 0 } })
  await group.backend.start()
  expect(read(group)).toEqual([0, 0, 0, 0])
  const lost = group.run()
  await group.hosts.get(0).asked
  const waiting = group.run()
  expect(read(group)).toEqual([1, 1, 0, 0])
  expect((await group.run().over).status).toBe(503)
  expect(read(group)).toEqual([1, 1, 1, 1])
  group.hosts.get(0).loseThread(0)
  expect((await lost.over).status).toBe(502)
  expect(read(group)).toEqual([0, 1, 2, 2])
  const stopping = group.backend.stop()
  expect((await waiting.over).status).toBe(503)
  await stopping
  expect(read(group)).toEqual([0, 0, 3, 3])
})

test('does not count what the application itself aborted as failed', async () => {
  await using group = new FakeGroup()
  await group.backend.start()
  const exchange = group.run()
  await group.hosts.get(0).asked
  group.hosts.get(0).abortRequest(0)
  expect((await exchange.over).status).toBe(500)
  expect(read(group)).toEqual([0, 0, 1, 0])
})

test('a time of 0 for the stop sets no limit', async () => {
  const timeouts = { ...resolveLabGroup('/').timeouts, shutdown: 0 }
  await using group = new FakeGroup({ timeouts })
  await group.backend.start()
  const exchanges = [group.run(), group.run()]
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  const stopping = group.backend.stop(1)
  for (const exchange of exchanges) {
    vi.advanceTimersByTime(86_400_000)
    expect(group.hosts.get(0).calls).toEqual([])
    group.hosts.get(0).abortRequest(0)
    expect((await exchange.over).status).toBe(500)
  }
  await stopping
})

test.each(['before', 'after'])(
  'a worker that gets a stop signal %s a stop is announced is not replaced',
  async (when) => {
    await using group = new FakeGroup()
    await group.backend.start()
    const [host] = group.hosts.all
    const running = group.run()
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const leave = async (): Promise<void> => {
      host?.tell({ type: 'leaving' })
      host?.tell({ type: 'log', text: 'after it' })
      await waitWithoutClock(() => group.records.some(({ message }) => message === 'after it'))
    }
    if (when === 'before') await leave()
    group.backend.prepareStop()
    if (when === 'after') await leave()
    // After that it would have been replaced.
    vi.advanceTimersByTime(STOP_ECHO_MS)
    expect(group.hosts.all).toHaveLength(1)
    // Requests before the stop itself are still served.
    const late = group.run()
    const stopping = group.backend.stop()
    for (const exchange of [running, late]) {
      host?.abortRequest(0)
      expect((await exchange.over).status).toBe(500)
    }
    await stopping
    expect(group.hosts.all).toHaveLength(1)
    expect(group.records.filter(({ level }) => level === 'warn')).toEqual([])
  },
)

test('a worker that gets a stop signal is replaced otherwise', async () => {
  await using group = new FakeGroup()
  await group.backend.start()
  group.hosts.get(0).tell({ type: 'leaving' })
  await pollUntil(() => group.hosts.all[1], 'another one')
  await pollUntil(() => group.hosts.get(0).calls[0], 'its end')
})

test('a worker that dies after the announcement of a stop is not replaced, and waiting requests are refused', async () => {
  await using group = new FakeGroup()
  await group.backend.start()
  group.run()
  await group.hosts.get(0).asked
  const waiting = group.run()
  group.backend.prepareStop()
  group.hosts.get(0).exit({ code: null, signal: 'SIGTERM' })
  expect((await waiting.over).status).toBe(503)
  expect((await group.run().over).status).toBe(503)
  expect(group.hosts.all).toHaveLength(1)
})

test('a new worker that dies during a reload is logged and replaced', async () => {
  const hosts = new FakeHosts((host) => {
    if (hosts.all.length !== 4) host.becomeReady()
  })
  await using group = new FakeGroup({ processes: 2 }, hosts)
  await group.backend.start()
  const reloading = group.backend.reload()
  await pollUntil(() => hosts.all[3], 'the second new one')
  const first = hosts.get(2)
  await pollUntil(() => first.control.bytesRead > 0 || undefined, 'the first to be ready')
  first.exit({ code: null, signal: 'SIGSEGV' })
  await pollUntil(() => group.errors.length > 0 || undefined, 'a record')
  expect(group.errors).toEqual([
    `worker web/${first.pid} ended with signal SIGSEGV; it had no request`,
  ])
  hosts.get(3).becomeReady()
  await reloading
  await pollUntil(() => hosts.all[4], 'another one')
})

test.each([
  [{ code: null, signal: 'SIGSEGV' }, ['ended with signal SIGSEGV; it had no request']],
  [{ code: 3, signal: null }, ['ended with exit code 3; it had no request']],
  [{ code: 0, signal: null }, []],
] as const)('of a retiring worker that ends with %o is told %o', async (end, told) => {
  await using group = new FakeGroup()
  await group.backend.start()
  const host = group.hosts.get(0)
  host.obeys = false
  await group.backend.reload()
  await pollUntil(() => host.calls[0], 'the old one to be asked to end')
  host.exit(end)
  await group.backend.stop()
  expect(group.errors).toEqual(told.map((text) => `worker web/${host.pid} ${text}`))
})

test('a silent worker is killed once, and a failure of that is logged', async () => {
  const timeouts = { ...resolveLabGroup('/').timeouts, ping: 3000 }
  await using group = new FakeGroup({ timeouts })
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  await group.backend.start()
  const host = group.hosts.get(0)
  host.obeys = false
  group.run()
  vi.advanceTimersByTime(5000)
  await pollUntil(() => group.errors.length > 0 || undefined, 'a record')
  expect(group.errors).toEqual([`worker web/${host.pid} could not be ended: it cannot be ended`])
  vi.advanceTimersByTime(60_000)
  expect(host.calls.filter((call) => call === 'abort')).toEqual(['abort'])
})

describe('an application that ends or blocks its worker while it is loaded', () => {
  const applications = ['a', 'b', 'c'].map((name) => labApplication({ name }))

  /** What becomes of the applications in a worker, told after it has its first message. */
  function play(host: FakeHost, fates: Readonly<Record<string, 'exit' | 'block' | 'raise'>>): void {
    host.obeys = false
    const [order] = host.messages.filter(isOrder)
    if (order === undefined) {
      host.onMessage = () => play(host, fates)
      return
    }
    host.onMessage = () => {}
    const wanted = [...new Set([...order.oneOf, ...order.required, 'a', 'b', 'c'])]
    const left = new Map(order.leftOut.map((one) => [one.name, one]))
    const found = []
    for (const name of wanted) {
      const why = left.get(name)
      const fate = why === undefined ? fates[name] : undefined
      if (why === undefined) host.tell({ type: 'loading', application: name })
      if (fate === 'exit') void setTimeout(() => host.exit({ code: 5, signal: null }), 10)
      if (fate === 'exit' || fate === 'block') return
      const failure = why?.failure ?? (fate === 'raise' ? 'ValueError' : '')
      const traceback = why?.traceback ?? ''
      found.push({ name, interface: 'wsgi', found: '', failure, traceback, leftOut: !!why })
    }
    host.obeys = true
    host.tell({ type: 'ready', python: '3.9.0', applications: found })
  }

  interface Order {
    readonly type: 'configure'
    readonly oneOf: readonly string[]
    readonly required: readonly string[]
    readonly leftOut: readonly LeftOut[]
  }

  function isOrder(message: object): message is Order {
    return 'type' in message && message.type === 'configure'
  }

  function listLeftOut(host: FakeHost): string[] {
    return host.messages.filter(isOrder).flatMap(({ leftOut }) => leftOut.map(({ name }) => name))
  }

  function listServed({ backend }: FakeGroup): string[] {
    const found = backend.findings?.applications ?? []
    return found.filter(({ failure }) => failure === '').map(({ name }) => name)
  }

  test('is left out by the next one at once, and served when it can be', async () => {
    let fates: Parameters<typeof play>[1] = { b: 'exit' }
    const hosts = new FakeHosts((host) => play(host, fates))
    await using group = new FakeGroup({ applications, processes: 2 }, hosts)
    await group.backend.start()
    const all = hosts.all.slice(0, 4).map((host) => listLeftOut(host).join())
    expect(all.toSorted((one, other) => one.length - other.length)).toEqual(['', '', 'b', 'b'])
    const reason = 'the worker ended with exit code 5 before it was ready'
    expect(group.backend.findings?.applications).toContainEqual(
      expect.objectContaining({ name: 'b', failure: reason, leftOut: true }),
    )
    // Each retry costs one process, tells nothing new, and leaves the others alone.
    await pollUntil(() => hosts.all[6], 'retries')
    expect(group.errors).toEqual([`application b could not be loaded: ${reason}`])
    expect(listServed(group)).toEqual(['a', 'c'])
    fates = {}
    await pollUntil(() => listServed(group).includes('b') || undefined, 'its recovery')
    expect(group.errors).toHaveLength(1)
  })

  test('is left out one after the other, also when it blocks', async () => {
    const fates = { a: 'block', c: 'exit' } as const
    const hosts = new FakeHosts((host) => play(host, fates))
    const timeouts = { ...resolveLabGroup('/').timeouts, startup: 200 }
    await using group = new FakeGroup({ applications, timeouts }, hosts)
    await group.backend.start()
    expect(hosts.all.slice(0, 3).map(listLeftOut)).toEqual([[], ['a'], ['a', 'c']])
    expect(listServed(group)).toEqual(['b'])
    expect(group.errors).toEqual([
      'application a could not be loaded: it was not ready within 200 ms (timeouts.startup)',
      'application c could not be loaded: the worker ended with exit code 5 before it was ready',
    ])
  })

  test('does not keep another one from being repaired', async () => {
    let fates: Parameters<typeof play>[1] = { a: 'exit', b: 'raise' }
    const hosts = new FakeHosts((host) => play(host, fates))
    await using group = new FakeGroup({ applications }, hosts)
    await group.backend.start()
    expect(listServed(group)).toEqual(['c'])
    fates = { a: 'exit' }
    await pollUntil(() => listServed(group).includes('b') || undefined, 'the recovery of b')
    expect(listServed(group)).toEqual(['b', 'c'])
  })

  test('does not keep a newer version of another one from being tried', async () => {
    let fates: Parameters<typeof play>[1] = { b: 'raise' }
    const hosts = new FakeHosts((host) => play(host, fates))
    const timeouts = { ...resolveLabGroup('/').timeouts, startup: 0 }
    await using group = new FakeGroup({ applications, timeouts }, hosts)
    await group.backend.start()
    fates = { b: 'block' }
    const blocked = await pollUntil(
      () => hosts.all.slice(1).find((host) => !host.obeys && host.messages.length > 0),
      'a repair that hangs',
    )
    blocked.obeys = true
    fates = {}
    hosts.get(0).tell({ type: 'changed', application: 'b', version: '(2, 7)' })
    await pollUntil(() => listServed(group).includes('b') || undefined, 'the newer version')
    expect(blocked.calls).toEqual(['stop'])
  })

  test('stays left out where a dead worker is replaced, and is tried at a reload', async () => {
    const hosts = new FakeHosts((host) => play(host, { b: 'exit' }))
    await using group = new FakeGroup({ applications }, hosts)
    await group.backend.start()
    await pollUntil(() => hosts.all[4], 'retries that fail')
    const serving = hosts.get(1)
    serving.exit({ code: null, signal: 'SIGSEGV' })
    await pollUntil(
      () => hosts.all.slice(2).find((host) => listLeftOut(host).includes('b')),
      'one that leaves it out at once',
    )
    await pollUntil(() => group.backend.failure === undefined || undefined, 'its start')
    const before = hosts.all.length
    await group.backend.reload()
    expect(hosts.all.slice(before).map(listLeftOut)).toContainEqual([])
    expect(listServed(group)).toEqual(['a', 'c'])
  })

  test('is logged only when it is served by a process that was told to leave it out', async () => {
    const hosts = new FakeHosts((host) => play(host, {}))
    const leftOut = [{ name: 'b', failure: 'it ended', traceback: 'last words' }]
    const demands = { ...NO_DEMANDS, leftOut }
    await using group = new FakeGroup({ applications, demands }, hosts)
    await group.backend.start()
    expect(listServed(group)).toEqual(['a', 'c'])
    await pollUntil(() => listServed(group).includes('b') || undefined, 'its recovery')
    expect(group.errors).toEqual([])
    expect(group.records.map(({ message }) => message)).toContain('application b is served now')
  })

  test('fails a reload when it was served before', async () => {
    let fates: Parameters<typeof play>[1] = {}
    const hosts = new FakeHosts((host) => play(host, fates))
    await using group = new FakeGroup({ applications }, hosts)
    await group.backend.start()
    fates = { b: 'exit' }
    await expect(group.backend.reload()).rejects.toThrow(/application b could not be loaded/)
    expect(listServed(group)).toEqual(['a', 'b', 'c'])
    expect(hosts.all).toHaveLength(2)
  })

  test('fails the start when nothing else can be served', async () => {
    const hosts = new FakeHosts((host) => play(host, { a: 'exit', b: 'exit', c: 'exit' }))
    await using group = new FakeGroup({ applications }, hosts)
    await expect(group.backend.start()).rejects.toThrow(/ended with exit code 5/)
    expect(hosts.all).toHaveLength(3)
  })
})
