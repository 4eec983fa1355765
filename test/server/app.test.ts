import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { LogFields } from '../../src/core/logger.ts'
import type { Upstream, UpstreamStatistics } from '../../src/core/upstream.ts'
import { PlannedApp } from '../../src/server/app.ts'
import { resolveLibraryPlan } from '../../src/server/library-plan.ts'

const NONE: UpstreamStatistics = { running: 0, waiting: 0, finished: 0, failed: 0 }

/** An upstream that answers nothing, and says what it is told to. */
class FakeUpstream implements Upstream {
  readonly calls: string[] = []
  readonly capacity = { idle: 1, total: 1 }
  readonly failure = undefined
  statistics = NONE
  readonly #onStart: () => Promise<void>
  /** What it counts once it has stopped. */
  after = NONE

  constructor(onStart: () => Promise<void> = async () => {}) {
    this.#onStart = onStart
  }

  gatheredBytes(): number {
    return 0
  }

  run(): void {}

  async start(): Promise<void> {
    this.calls.push('start')
    await this.#onStart()
  }

  async stop(waited = -1): Promise<void> {
    this.calls.push(`stop ${waited}`)
    this.statistics = this.after
  }
}

interface Line {
  readonly fields: LogFields
  readonly message: string
}

function createApp(
  upstreams: readonly Upstream[],
  temporaryFolder?: string,
): { app: PlannedApp; lines: Line[] } {
  const lines: Line[] = []
  const ignore = (): void => {}
  const info = (fields: LogFields, message: string): void => void lines.push({ fields, message })
  const logger = { debug: ignore, output: ignore, info, warn: ignore, error: ignore }
  const { plan } = resolveLibraryPlan({ routes: [{ path: '/', redirect: '/elsewhere' }] })
  return {
    app: new PlannedApp({
      plan: { ...plan, temporaryFolder },
      logger,
      handler: ignore,
      backends: new Map(),
      programs: new Map(),
      upstreams: new Map(upstreams.map((one, index) => [`upstream:${index}`, one])),
    }),
    lines,
  }
}

test('a temporary folder is removed, also after a stop that fails', async () => {
  const upstream = new FakeUpstream()
  upstream.stop = async () => {
    throw new Error('no end')
  }
  const folder = mkdtempSync(join(tmpdir(), 'taipan-app-'))
  const { app } = createApp([upstream], folder)
  await expect(app.stop()).rejects.toThrow('no end')
  expect(existsSync(folder)).toBe(false)
  const other = mkdtempSync(join(tmpdir(), 'taipan-app-'))
  createApp([upstream], other).app.kill()
  expect(existsSync(other)).toBe(false)
})

test('upstreams that are no backends are started and stopped with the app', async () => {
  const upstreams = [new FakeUpstream(), new FakeUpstream()]
  const { app, lines } = createApp(upstreams)
  expect(upstreams.map(({ calls }) => calls)).toEqual([[], []])
  await app.start()
  expect(upstreams.map(({ calls }) => calls)).toEqual([['start'], ['start']])
  await app.stop(20)
  const both = ['start', 'stop 20']
  expect(upstreams.map(({ calls }) => calls)).toEqual([both, both])
  expect(lines).toEqual([])
})

test('one that cannot start ends the start, and the others', async () => {
  const broken = new FakeUpstream(async () => {
    throw new Error('no such socket')
  })
  const sound = new FakeUpstream()
  const { app } = createApp([sound, broken])
  await expect(app.start()).rejects.toThrow('no such socket')
  expect(sound.calls).toEqual(['start', 'stop 0'])
  expect(broken.calls).toEqual(['start', 'stop 0'])
})

test('a stop says how many requests it waits for, and what became of them', async () => {
  const [one, other] = [new FakeUpstream(), new FakeUpstream()]
  const { app, lines } = createApp([one, other])
  await app.start()
  one.statistics = { running: 2, waiting: 1, finished: 100, failed: 7 }
  one.after = { running: 0, waiting: 0, finished: 104, failed: 9 }
  other.statistics = { running: 1, waiting: 0, finished: 3, failed: 0 }
  other.after = { running: 0, waiting: 0, finished: 4, failed: 0 }
  await app.stop()
  const { pid } = process
  expect(lines).toEqual([
    {
      fields: { process: pid, running: 3, waiting: 1 },
      message: `process ${pid}: 4 requests to finish before its end, 1 of them in the queue`,
    },
    {
      fields: { process: pid, finished: 3, failed: 2 },
      message: `process ${pid}: 3 requests finished before its end, 2 refused or cut off`,
    },
  ])
})
