import { expect, test } from 'vitest'

import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import type { RestartReason } from '../../../src/core/restart-reason.ts'
import { startLab, type BackendLab, type LabOptions } from '../../support/backend-lab.ts'
import { fetchRaw, pollUntil } from '../../support/raw-client.ts'

const start = (options?: LabOptions): Promise<BackendLab> => startLab(createDaemonBackend, options)

async function pidOf(lab: BackendLab): Promise<number> {
  const response = await fetchRaw(lab.url, '/lab/pid')
  expect(response.status).toBe(200)
  return Number(response.text)
}

function countOf(lab: BackendLab, reason: RestartReason): number {
  return lab.backend.status.restarts[reason]
}

async function waitForOther(lab: BackendLab, pid: number): Promise<void> {
  await pollUntil(
    async () => ((await pidOf(lab)) === pid ? undefined : true),
    `another worker than ${pid}`,
  )
}

test('maximumRequests: another worker takes over, and no request is refused', async () => {
  await using lab = await start({ maximumRequests: 20, processes: 1 })
  const pid = await pidOf(lab)
  const statuses = new Set<number>()
  const ask = async (): Promise<void> => {
    while (countOf(lab, 'maximum_requests') < 3)
      statuses.add((await fetchRaw(lab.url, '/lab/pid')).status)
  }
  await Promise.all([ask(), ask(), ask(), ask()])
  expect([...statuses]).toEqual([200])
  expect(await pidOf(lab)).not.toBe(pid)
  const { level, fields } = await lab.waitForRecord(/has answered \d+ requests \(maximumRequests\)/)
  expect([level, fields['reason']]).toEqual(['info', 'maximum_requests'])
  expect(fields['served']).toBeGreaterThanOrEqual(20)
})

test('a worker serves until its successor is ready', async () => {
  const own = [
    'import os, time',
    'class Slow:',
    '    def __getattr__(self, name): raise AttributeError(name)',
    "while os.path.exists('hold'): time.sleep(0.01)",
    'def application(environ, start_response):',
    "    start_response('200 OK', [])",
    '    return [str(os.getpid()).encode()]',
  ].join('\n')
  await using lab = await start({ own, maximumRequests: 5 })
  lab.write('hold', '')
  const pid = await pidOf(lab)
  for (let n = 0; n < 30; n++) expect(await pidOf(lab)).toBe(pid)
  expect(countOf(lab, 'maximum_requests')).toBe(0)
  lab.closeGate('hold')
  await waitForOther(lab, pid)
  expect(countOf(lab, 'maximum_requests')).toBeGreaterThan(0)
})

test('a successor that cannot be loaded leaves the worker serving', async () => {
  const good = [
    'import os',
    'def application(environ, start_response):',
    "    start_response('200 OK', [])",
    '    return [str(os.getpid()).encode()]',
  ].join('\n')
  await using lab = await start({ own: good, maximumRequests: 3 })
  lab.writeOwn('raise LookupError("broken")')
  const pid = await pidOf(lab)
  for (let n = 0; n < 5; n++) expect(await pidOf(lab)).toBe(pid)
  await lab.waitForRecord(/could not be loaded: LookupError: broken/)
  expect(await pidOf(lab)).toBe(pid)
  expect(countOf(lab, 'startup')).toBeGreaterThan(0)
  lab.writeOwn(good)
  await waitForOther(lab, pid)
})

test('restartInterval: workers are replaced one after the other', async () => {
  await using lab = await start({ restartInterval: 300, processes: 2 })
  const pids = new Set<number>()
  await pollUntil(async () => {
    pids.add(await pidOf(lab))
    return countOf(lab, 'restart_interval') >= 4 ? true : undefined
  }, 'four replaced workers')
  expect(pids.size).toBeGreaterThan(1)
  await lab.waitForRecord(/is \d+ s old \(restartInterval\)/)
})

test('SIGUSR1 evicts a worker after its requests', async () => {
  await using lab = await start({ gracefulTimeout: 1, evictionTimeout: 0 })
  const pid = await pidOf(lab)
  const running = fetchRaw(lab.url, '/lab/gate?name=g')
  await lab.waitForEntry('gate-g')
  process.kill(pid, 'SIGUSR1')
  await waitForOther(lab, pid)
  lab.openGate('g')
  expect((await running).text).toBe('through')
  expect(countOf(lab, 'eviction')).toBe(1)
})

test('gracefulTimeout cuts off the requests of a worker that has reached a limit', async () => {
  await using lab = await start({ gracefulTimeout: 200, maximumRequests: 3 })
  const running = fetchRaw(lab.url, '/lab/gate?name=never')
  await lab.waitForEntry('gate-never')
  for (let n = 0; n < 3; n++) await pidOf(lab)
  expect((await running).status).toBe(503)
})
