import { describe, expect, test } from 'vitest'

import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import type { RestartReason } from '../../../src/core/restart-reason.ts'
import {
  startLab,
  type BackendFactory,
  type BackendLab,
  type LabOptions,
} from '../../support/backend-lab.ts'
import { listWithInterpreters } from '../../support/pythons.ts'
import { fetchRaw, pollUntil } from '../../support/raw-client.ts'

const OWN = [
  'import os, time',
  'def held():',
  '    # One call of C code, which keeps the lock of its interpreter.',
  '    sum(range(10 ** 13))',
  'def napping():',
  '    time.sleep(600)',
  'def looping():',
  '    while True:',
  '        try: time.sleep(0.01)',
  '        except Exception: pass',
  'def application(environ, start_response):',
  "    start_response('200 OK', [])",
  "    act = {'/held': held, '/nap': napping, '/loop': looping}.get(environ['PATH_INFO'])",
  '    if act is not None: act()',
  '    return [str(os.getpid()).encode()]',
].join('\n')

const KINDS = [
  ['a named sub-interpreter', 'named'],
  ['a sub-interpreter for each thread', 'isolated'],
] as const

function createFactory(python: string, kind: (typeof KINDS)[number][1]): BackendFactory {
  return (group, { logger }) => {
    const applications = group.applications.map((one) =>
      'interpreter' in one && kind === 'named' ? { ...one, interpreter: 'lab' } : one,
    )
    const isolation = kind === 'isolated' ? 'interpreter' : group.isolation
    return createDaemonBackend({ ...group, python, applications, isolation }, { logger })
  }
}

async function pidOf(lab: BackendLab): Promise<number> {
  const response = await fetchRaw(lab.url, '/lab/pid')
  expect(response.status).toBe(200)
  return Number(response.text)
}

async function waitForOther(lab: BackendLab, pid: number): Promise<void> {
  await pollUntil(
    async () => ((await pidOf(lab)) === pid ? undefined : true),
    `another worker than ${pid}`,
  )
}

function countOf(lab: BackendLab, reason: RestartReason): number {
  return lab.backend.status.restarts[reason]
}

const CASES = listWithInterpreters().flatMap(({ path: python, version }) =>
  KINDS.map(([name, kind]) => ({ name, version, create: createFactory(python, kind) })),
)

describe.each(CASES)('$name, Python $version', ({ create, version }) => {
  const start = (options: LabOptions): Promise<BackendLab> =>
    startLab(create, { own: OWN, ...options })

  test('a request that can be interrupted costs nobody else anything', async () => {
    await using lab = await start({ timeouts: { request: 300 } })
    const pid = await pidOf(lab)
    expect((await fetchRaw(lab.url, '/lab/loop')).status).toBe(504)
    const { fields } = await lab.waitForRecord(/was ended after \d+ ms \(timeouts\.request\)/)
    // Frames of other interpreters cannot be read in CPython 3.12.
    if (version !== '3.12') expect(fields['traceback']).toMatch(/in looping/)
    for (let n = 0; n < 20; n++) expect(await pidOf(lab)).toBe(pid)
    expect(countOf(lab, 'request_timeout')).toBe(0)
  })

  test('a request that sleeps: 504 at once, others are served, then its worker is replaced', async () => {
    await using lab = await start({ timeouts: { request: 300 }, interruptTimeout: 300 })
    const pid = await pidOf(lab)
    const slept = fetchRaw(lab.url, '/lab/nap')
    while (countOf(lab, 'request_timeout') === 0) await pidOf(lab)
    expect((await slept).status).toBe(504)
    await lab.waitForRecord(/has a thread that does not end request/)
    await waitForOther(lab, pid)
  })

  test('a request that keeps the lock of its interpreter beyond its time', async () => {
    await using lab = await start({
      timeouts: { request: 300, shutdown: 300 },
      interruptTimeout: 300,
    })
    const pid = await pidOf(lab)
    expect((await fetchRaw(lab.url, '/lab/held')).status).toBe(504)
    // What came into the same interpreter meanwhile waits for the lock in vain, too.
    await lab.waitForRecord(/did not end in time: the sub-interpreter/)
    await waitForOther(lab, pid)
    expect(countOf(lab, 'request_timeout')).toBe(1)
  })

  test('a lock that is kept ends the worker after deadlockTimeout', async () => {
    await using lab = await start({ timeouts: { ping: 700 } })
    const pid = await pidOf(lab)
    const held = fetchRaw(lab.url, '/lab/held')
    const { fields } = await lab.waitForRecord(/was killed because it sent nothing for/)
    expect(fields).toMatchObject({ reason: 'deadlock', signal: 'SIGABRT' })
    expect(fields['requests']).toEqual([expect.objectContaining({ path: '/lab/held' })])
    expect((await held).status).toBe(502)
    expect(await pidOf(lab)).not.toBe(pid)
    expect(countOf(lab, 'deadlock')).toBe(1)
  })

  test('maximumRequests: another worker takes over, and no request is refused', async () => {
    await using lab = await start({ maximumRequests: 20 })
    const statuses = new Set<number>()
    const ask = async (): Promise<void> => {
      while (countOf(lab, 'maximum_requests') < 2)
        statuses.add((await fetchRaw(lab.url, '/lab/pid')).status)
    }
    await Promise.all([ask(), ask(), ask()])
    expect([...statuses]).toEqual([200])
  })
})
