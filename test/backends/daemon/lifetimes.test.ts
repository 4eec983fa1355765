import { describe, expect, test } from 'vitest'

import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import type { RestartReason } from '../../../src/core/restart-reason.ts'
import {
  LIMIT_NAMES,
  startLab,
  type BackendLab,
  type LabOptions,
} from '../../support/backend-lab.ts'
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
  const { fields } = await lab.waitForRecord(/is ended with 1 request that did not finish in time/)
  expect(fields['requests']).toEqual([expect.objectContaining({ path: '/lab/gate' })])
  expect(fields['traceback']).toMatch(/backend_lab\.py/)
})

const HOLDING = [
  'import ctypes, os, time',
  'def held():',
  '    # PyDLL keeps the GIL while the function runs.',
  '    ctypes.PyDLL(None).sleep(600)',
  'def napping():',
  '    time.sleep(600)',
  'def application(environ, start_response):',
  "    start_response('200 OK', [])",
  "    if environ['PATH_INFO'] == '/held': held()",
  "    if environ['PATH_INFO'] == '/nap': napping()",
  '    return [str(os.getpid()).encode()]',
].join('\n')

test('a held GIL: the record has the stack of what holds it, and its requests', async () => {
  await using lab = await start({
    own: HOLDING,
    timeouts: { ping: 700 },
    limitNames: { ...LIMIT_NAMES, ping: 'groups.web.deadlockTimeout' },
  })
  const pid = await pidOf(lab)
  const held = fetchRaw(lab.url, '/lab/held')
  const { level, fields } = await lab.waitForRecord(
    /was killed because it sent nothing for \d+ ms \(groups\.web\.deadlockTimeout\)/,
  )
  expect([level, fields['reason'], fields['signal']]).toEqual(['error', 'deadlock', 'SIGABRT'])
  expect(fields['requests']).toEqual([expect.objectContaining({ path: '/lab/held' })])
  expect(fields['traceback']).toMatch(/own\.py", line \d+ in held/)
  expect(fields['traceback']).not.toMatch(/taipan\/control\.py/)
  expect((await held).status).toBe(502)
  expect(await pidOf(lab)).not.toBe(pid)
  expect(countOf(lab, 'deadlock')).toBe(1)
})

test('a request that holds the GIL beyond its time: 504 at once, then the stack of it', async () => {
  await using lab = await start({
    own: HOLDING,
    timeouts: { request: 300, shutdown: 300 },
    interruptTimeout: 300,
  })
  const pid = await pidOf(lab)
  expect((await fetchRaw(lab.url, '/lab/held')).status).toBe(504)
  const { fields } = await lab.waitForRecord(/did not stop when asked and was ended by SIGABRT/)
  expect(fields['traceback']).toMatch(/own\.py", line \d+ in held/)
  expect(countOf(lab, 'request_timeout')).toBe(1)
  await waitForOther(lab, pid)
})

test('a request that sleeps: 504 at once, others are served, then its worker is replaced', async () => {
  await using lab = await start({
    own: HOLDING,
    timeouts: { request: 300 },
    interruptTimeout: 300,
    limitNames: { ...LIMIT_NAMES, request: 'requestTimeout', interrupt: '--interrupt-timeout' },
  })
  const pid = await pidOf(lab)
  const slept = fetchRaw(lab.url, '/lab/nap')
  while (countOf(lab, 'request_timeout') === 0) await pidOf(lab)
  expect((await slept).status).toBe(504)
  const { fields } = await lab.waitForRecord(
    /has a thread that does not end request .* \(requestTimeout, --interrupt-timeout\)/,
  )
  expect(fields['traceback']).toMatch(/own\.py", line \d+, in napping/)
  await waitForOther(lab, pid)
})

test('a request that can be interrupted costs nobody else anything', async () => {
  const own = [
    'import os, time',
    'def looping():',
    '    while True:',
    '        try: time.sleep(0.01)',
    '        except Exception: pass',
    'def application(environ, start_response):',
    "    start_response('200 OK', [])",
    "    if environ['PATH_INFO'] == '/loop': looping()",
    '    return [str(os.getpid()).encode()]',
  ].join('\n')
  await using lab = await start({
    own,
    timeouts: { request: 300 },
    limitNames: { ...LIMIT_NAMES, request: 'requestTimeout' },
  })
  const pid = await pidOf(lab)
  expect((await fetchRaw(lab.url, '/lab/loop')).status).toBe(504)
  const { fields } = await lab.waitForRecord(/was ended after \d+ ms \(requestTimeout\)/)
  expect(fields['traceback']).toMatch(/in looping/)
  for (let n = 0; n < 20; n++) expect(await pidOf(lab)).toBe(pid)
  expect(countOf(lab, 'request_timeout')).toBe(0)
})

test('inactivityTimeout: an idle group has no workers, and its next request starts one', async () => {
  await using lab = await start({ inactivityTimeout: 300, processes: 2 })
  const status = () => lab.backend.status
  await new Promise((resolve) => {
    setTimeout(resolve, 600)
  })
  expect(status().workers).toHaveLength(2)
  const pid = await pidOf(lab)
  await lab.waitForRecord(/group web had no requests for \d+ ms \(inactivityTimeout\)/)
  await pollUntil(() => status().workers.length === 0 || undefined, 'the end of its workers')
  expect([status().wanted, countOf(lab, 'inactivity')]).toEqual([0, 2])
  const answers = await Promise.all([pidOf(lab), pidOf(lab), pidOf(lab)])
  expect(answers).not.toContain(pid)
  expect(status().wanted).toBe(2)
})

test('inactivityTimeout: a request that runs for longer is activity', async () => {
  await using lab = await start({ inactivityTimeout: 200 })
  const running = fetchRaw(lab.url, '/lab/gate?name=g')
  await lab.waitForEntry('gate-g')
  await new Promise((resolve) => {
    setTimeout(resolve, 600)
  })
  expect(lab.backend.status.wanted).toBe(1)
  lab.openGate('g')
  expect((await running).text).toBe('through')
  await pollUntil(() => lab.backend.status.wanted === 0 || undefined, 'its rest')
})

const GROWING = [
  'import os',
  'kept = []',
  'def application(environ, start_response):',
  "    start_response('200 OK', [])",
  "    if environ['PATH_INFO'] == '/grow': kept.append(bytearray(os.urandom(1) * 200_000_000))",
  "    if environ['PATH_INFO'] == '/burn':",
  '        while os.times().user < 1.5: sum(range(10000))',
  '    return [str(os.getpid()).encode()]',
].join('\n')

test('memoryLimit.soft: a worker that has grown is replaced, and no request is refused', async () => {
  await using lab = await start({ own: GROWING, memoryLimit: { soft: 150 * 1024 ** 2 } })
  const pid = await pidOf(lab)
  expect((await fetchRaw(lab.url, '/lab/grow')).text).toBe(String(pid))
  await waitForOther(lab, pid)
  const { level, fields } = await lab.waitForRecord(/has .* MB of memory, more than 150\.0 MB/)
  expect([level, fields['reason']]).toEqual(['warn', 'memory'])
  expect(fields['memory']).toBeGreaterThan(150 * 1024 ** 2)
  expect(countOf(lab, 'memory')).toBe(1)
})

test('cpuTimeLimit: a worker that has used its time is replaced after its request', async () => {
  await using lab = await start({ own: GROWING, cpuTimeLimit: 1000 })
  const pid = await pidOf(lab)
  expect((await fetchRaw(lab.url, '/lab/burn')).text).toBe(String(pid))
  await waitForOther(lab, pid)
  const { level, fields } = await lab.waitForRecord(/has used a processor for 1 s \(cpuTimeLimit\)/)
  expect([level, fields['reason']]).toEqual(['warn', 'cpu_time'])
  expect(countOf(lab, 'cpu_time')).toBe(1)
})

const ASGI = [
  'import asyncio, os, time',
  'async def stubborn():',
  '    while True:',
  '        try: await asyncio.sleep(600)',
  '        except asyncio.CancelledError: pass',
  'async def app(scope, receive, send):',
  "    if scope['type'] != 'http': raise ValueError(scope['type'])",
  "    path = scope['path']",
  "    if path.endswith('/slow'): await asyncio.sleep(600)",
  "    if path.endswith('/stubborn'): await stubborn()",
  "    if path.endswith('/blocked'): time.sleep(600)",
  "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})",
  "    await send({'type': 'http.response.body', 'body': str(os.getpid()).encode()})",
].join('\n')

describe('on an event loop', () => {
  const options = { own: ASGI, timeouts: { request: 400, shutdown: 300 }, interruptTimeout: 400 }

  test('a request that takes too long is cancelled, and others notice nothing', async () => {
    await using lab = await start(options)
    const pid = await pidOf(lab)
    const slow = fetchRaw(lab.url, '/lab/slow')
    for (let n = 0; n < 50; n++) expect(await pidOf(lab)).toBe(pid)
    expect((await slow).status).toBe(504)
    const { fields } = await lab.waitForRecord(/\(timeouts\.request\)/)
    expect(fields['traceback']).toMatch(/own\.py", line \d+, in app/)
    for (let n = 0; n < 20; n++) expect(await pidOf(lab)).toBe(pid)
    expect(countOf(lab, 'request_timeout')).toBe(0)
  })

  test.each(['stubborn', 'blocked'])(
    'one that is %s costs its worker, with its stack',
    async (path) => {
      await using lab = await start(options)
      const pid = await pidOf(lab)
      expect((await fetchRaw(lab.url, `/lab/${path}`)).status).toBe(504)
      const { fields } = await lab.waitForRecord(/has an event loop that does not end request/)
      expect(fields).toMatchObject({ reason: 'request_timeout' })
      expect(fields['traceback']).toMatch(/own\.py", line \d+, in (stubborn|app)/)
      await pollUntil(async () => {
        const response = await fetchRaw(lab.url, '/lab/pid')
        return (response.status === 200 && response.text !== String(pid)) || undefined
      }, 'another worker')
      expect(countOf(lab, 'request_timeout')).toBe(1)
    },
  )

  test('maximumRequests: no request is refused', async () => {
    await using lab = await start({ own: ASGI, maximumRequests: 30 })
    const pids = new Set<number>()
    const ask = async (): Promise<void> => {
      while (countOf(lab, 'maximum_requests') < 2) pids.add(await pidOf(lab))
    }
    await Promise.all([ask(), ask(), ask(), ask()])
    expect(pids.size).toBeGreaterThan(1)
  })
})
