import { expect, test } from 'vitest'

import { createServer } from '../../src/server/create-server.ts'
import { resolveLibraryPlan } from '../../src/server/library-plan.ts'
import { openLogs } from '../../src/server/open-logs.ts'
import type { RunnableServer } from '../../src/server/server.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject, helloApp, type Project } from '../support/project.ts'

const ENGINES = ['daemon', 'embedded'] as const

async function startServer(
  project: Project,
  engine: (typeof ENGINES)[number],
): Promise<RunnableServer> {
  const { plan, settings } = resolveLibraryPlan({
    apps: { hello: { target: `${project.folder}/app.py:application` } },
    routes: [{ path: '/', app: 'hello' }],
    bind: '127.0.0.1:0',
    processes: 2,
    threads: 1,
    engine,
    log: { level: 'error' },
  })
  const server = await createServer(plan, {
    ...(await openLogs(settings)),
    settings,
    inProcess: false,
  })
  await server.start()
  return server
}

test.each(ENGINES)('the status tells processes, requests and reloads, %s', async (engine) => {
  using project = createProject({ 'app.py': helloApp('one') })
  await using server = await startServer(project, engine)
  const [url = ''] = server.urls
  const answer = await fetch(url, { signal: AbortSignal.timeout(DEADLINE) })
  expect(await answer.text()).toBe('one')
  await expect
    .poll(async () => (await server.status()).groups[0]?.requests, { timeout: DEADLINE })
    .toMatchObject({ running: 0, waiting: 0, finished: 1, failed: 0 })
  const status = await server.status()
  expect(status).toMatchObject({ pid: process.pid, addresses: server.urls, exchanges: 1 })
  const [group] = status.groups
  expect(group).toMatchObject({
    engine,
    generation: 1,
    wanted: 2,
    threads: 1,
    applications: [{ name: 'hello', interface: 'wsgi', failure: '', traceback: '' }],
    queue: { length: 0 },
    failure: '',
  })
  expect(group?.lastReload).toBeUndefined()
  expect(group?.workers.map(({ state }) => state)).toEqual(['ready', 'ready'])
  expect(group?.workers.map(({ served }) => served).toSorted()).toEqual([0, 1])
  for (const { pid, memory } of group?.workers ?? []) {
    expect(process.kill(pid, 0)).toBe(true)
    if (process.platform === 'linux') expect(memory).toBeGreaterThan(1_000_000)
  }

  project.write('app.py', 'raise RuntimeError("two")\n')
  await expect(server.reload()).rejects.toThrow(/two/)
  const [kept] = (await server.status()).groups
  expect(kept).toMatchObject({ generation: 1, lastReload: { succeeded: false } })
  expect(kept?.lastReload?.message).toContain('RuntimeError: two')
  expect(kept?.lastReload?.traceback).toContain('raise RuntimeError("two")')

  project.write('app.py', helloApp('three'))
  await server.reload()
  const [renewed] = (await server.status()).groups
  expect(renewed).toMatchObject({ generation: 3, lastReload: { succeeded: true, message: '' } })
})
