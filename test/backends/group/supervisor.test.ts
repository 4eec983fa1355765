import { expect, test } from 'vitest'

import { GroupBackend } from '../../../src/backends/group/group-backend.ts'
import type { Backend } from '../../../src/core/backend.ts'
import type { ProcessGroup } from '../../../src/core/process-group.ts'
import { resolveLabGroup, type LogRecord } from '../../support/backend-lab.ts'
import { FakeHosts } from '../../support/fake-host.ts'
import { createPlainExchange, type PlainExchange } from '../../support/plain-exchange.ts'

const INVOCATION = { application: 'lab', scriptName: '', pathInfo: '/' }

/** A backend whose workers are no processes. */
class FakeGroup {
  readonly hosts = new FakeHosts()
  readonly records: LogRecord[] = []
  readonly backend: Backend

  constructor(changes: Partial<ProcessGroup> = {}) {
    const group = { ...resolveLabGroup('/'), threads: 1, ...changes }
    const logAt = (level: LogRecord['level']) => (fields: LogRecord['fields'], message: string) =>
      void this.records.push({ level, fields, message })
    const logger = {
      debug: logAt('debug'),
      info: logAt('info'),
      warn: logAt('warn'),
      error: logAt('error'),
    }
    this.backend = new GroupBackend(group, { logger }, this.hosts.start)
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

test('a stop does not wait for a worker that has lost its socket to take what waits', async () => {
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

test('a stop lets what waits be taken, and tells when all is over', async () => {
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

test('what the last worker had not begun is refused when it ends during a stop', async () => {
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
