import { GroupBackend } from '../../src/backends/group/group-backend.ts'
import { createHostSource } from '../../src/backends/group/host.ts'
import type { Backend } from '../../src/core/backend.ts'
import type { ProcessGroup } from '../../src/core/process-group.ts'
import { resolveLabGroup, type LogRecord } from './backend-lab.ts'
import { FakeHosts } from './fake-host.ts'
import { createPlainExchange, type PlainExchange } from './plain-exchange.ts'

const INVOCATION = { application: 'lab', scriptName: '', pathInfo: '/' }

/** A backend with fake workers. */
export class FakeGroup {
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
    this.backend = new GroupBackend(group, { logger }, createHostSource(this.hosts.start))
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
