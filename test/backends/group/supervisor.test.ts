import { expect, test } from 'vitest'

import { GroupBackend } from '../../../src/backends/group/group-backend.ts'
import { STOP_ECHO_MS } from '../../../src/processes/supervised-process.ts'
import type { Backend } from '../../../src/core/backend.ts'
import type { ProcessGroup } from '../../../src/core/process-group.ts'
import { resolveLabGroup, type LogRecord } from '../../support/backend-lab.ts'
import { FakeHosts } from '../../support/fake-host.ts'
import { createPlainExchange, type PlainExchange } from '../../support/plain-exchange.ts'
import { pollUntil } from '../../support/raw-client.ts'

const INVOCATION = { application: 'lab', scriptName: '', pathInfo: '/' }

/** A backend with fake workers. */
class FakeGroup {
  readonly hosts: FakeHosts
  readonly records: LogRecord[] = []
  readonly backend: Backend

  constructor(changes: Partial<ProcessGroup> = {}, hosts = new FakeHosts()) {
    this.hosts = hosts
    const group = { ...resolveLabGroup('/'), threads: 1, ...changes }
    const logAt = (level: LogRecord['level']) => (fields: LogRecord['fields'], message: string) =>
      void this.records.push({ level, fields, message })
    const logger = {
      debug: logAt('debug'),
      output: logAt('output'),
      info: logAt('info'),
      warn: logAt('warn'),
      error: logAt('error'),
    }
    this.backend = new GroupBackend(group, { logger }, this.hosts.start)
  }

  /** Logged errors. */
  get errors(): string[] {
    return this.records.filter(({ level }) => level === 'error').map(({ message }) => message)
  }

  run(): PlainExchange {
    const exchange = createPlainExchange()
    this.backend.run(exchange, INVOCATION)
    return exchange
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hosts[Symbol.dispose]()
    await this.backend.stop()
  }
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
  const stopping = group.backend.stop(1)
  for (const exchange of exchanges) {
    // Long enough for a wrong timer.
    await new Promise((resolve) => setTimeout(resolve, 20))
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
    if (when === 'before') {
      host?.tell({ type: 'leaving' })
      host?.tell({ type: 'log', text: 'after it' })
      await pollUntil(
        () => group.records.some(({ message }) => message === 'after it'),
        'its record',
      )
    }
    group.backend.prepareStop()
    if (when === 'after') host?.tell({ type: 'leaving' })
    // Longer than it takes to replace it.
    await new Promise((resolve) => setTimeout(resolve, STOP_ECHO_MS * 2))
    expect(group.hosts.all).toHaveLength(1)
    // Requests before the stop itself are still served.
    const late = group.run()
    const stopping = group.backend.stop()
    for (const exchange of [running, late]) {
      host?.abortRequest(0)
      expect((await exchange.over).status).toBe(500)
    }
    await stopping
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
  const timeouts = { ...resolveLabGroup('/').timeouts, ping: 40 }
  await using group = new FakeGroup({ timeouts })
  await group.backend.start()
  const host = group.hosts.get(0)
  host.obeys = false
  group.run()
  await pollUntil(() => group.errors.length > 0 || undefined, 'a record')
  expect(group.errors).toEqual([`worker web/${host.pid} could not be ended: it cannot be ended`])
  // Several rounds.
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(host.calls.filter((call) => call === 'abort')).toEqual(['abort'])
})
