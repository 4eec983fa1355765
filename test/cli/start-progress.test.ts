import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { StartProgress } from '../../src/cli/start-progress.ts'
import type { Findings, LoadingApplication } from '../../src/core/backend.ts'
import { resolveLibraryPlan } from '../../src/server/library-plan.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** A server with two groups, whose state the test changes. */
class FakeServer {
  loading: LoadingApplication[] = []
  findings: Record<string, Findings> = {}
}

function follow(server: FakeServer): { progress: StartProgress; messages: string[] } {
  const { plan } = resolveLibraryPlan({
    groups: { front: {}, back: {} },
    apps: {
      shop: { target: 'shop:app', group: 'front' },
      blog: { target: 'blog:app', group: 'front' },
      jobs: { target: 'jobs:app', group: 'back' },
    },
    routes: ['shop', 'blog', 'jobs'].map((app) => ({ path: `/${app}`, app })),
  })
  const messages: string[] = []
  const ignore = (): void => {}
  const info = (_fields: object, message: string): void => void messages.push(message)
  const logger = { debug: ignore, output: ignore, info, warn: ignore, error: ignore }
  return { progress: new StartProgress(plan, server, logger), messages }
}

test('says every five seconds what processes load, or all that may be meant', () => {
  const server = new FakeServer()
  const { progress, messages } = follow(server)
  vi.advanceTimersByTime(4999)
  expect(messages).toEqual([])
  vi.advanceTimersByTime(1)
  server.loading = [{ application: 'blog', place: '' }]
  vi.advanceTimersByTime(5000)
  server.findings = { front: { python: '3.9.0', loop: undefined, applications: [] } }
  server.loading = []
  vi.advanceTimersByTime(5000)
  expect(messages).toEqual([
    'still loading shop:app, blog:app, jobs:app after 5 s',
    'still loading blog:app after 10 s',
    'still loading jobs:app after 15 s',
  ])
  progress[Symbol.dispose]()
  vi.advanceTimersByTime(60_000)
  expect(messages).toHaveLength(3)
})

test('says where a load stands, as far as a process has said', () => {
  const server = new FakeServer()
  const { messages } = follow(server)
  server.loading = [
    { application: 'shop', place: 'shop.py line 3 is in app.run()' },
    { application: 'shop', place: '' },
    { application: 'blog', place: '' },
    { application: 'jobs', place: '' },
  ]
  vi.advanceTimersByTime(5000)
  expect(messages).toEqual([
    'still loading shop:app after 5 s: shop.py line 3 is in app.run()',
    'still loading blog:app, jobs:app after 5 s',
  ])
})

test('says nothing once all is loaded', () => {
  const server = new FakeServer()
  const found: Findings = { python: '3.9.0', loop: undefined, applications: [] }
  server.findings = { front: found, back: found }
  const { messages } = follow(server)
  vi.advanceTimersByTime(10_000)
  expect(messages).toEqual([])
})
