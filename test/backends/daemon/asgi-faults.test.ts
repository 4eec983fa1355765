import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import type { BackendLab, LabOptions } from '../../support/backend-lab.ts'
import { labApplication, openLab, PYTHON, startLab } from '../../support/backend-lab.ts'
import { FORK } from '../../support/forking.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil } from '../../support/raw-client.ts'
import { openWebSocket } from '../../support/web-socket-client.ts'

const applications = [labApplication({ target: 'asgi_lab.py' })]
const start = (options?: LabOptions): Promise<BackendLab> =>
  startLab(createDaemonBackend, { applications, loop: 'asyncio', ...options })

const WITH_UVLOOP =
  process.env['TAIPAN_TEST_PYTHON'] ??
  fileURLToPath(new URL('../../../.venv-test/bin/python', import.meta.url))

function pythonFor(loop: 'asyncio' | 'uvloop'): string {
  return loop === 'uvloop' ? WITH_UVLOOP : PYTHON
}

async function pidOf(lab: BackendLab): Promise<number> {
  return Number((await fetchRaw(lab.url, '/lab/pid')).text)
}

async function waitForEnd(pid: number): Promise<void> {
  await pollUntil(() => {
    try {
      process.kill(pid, 0)
      return undefined
    } catch {
      return true
    }
  }, `the end of ${pid}`)
}

test('a worker that dies answers 502, cuts what had begun, closes WebSockets with 1011, and is replaced', async () => {
  await using lab = await start()
  const pid = await pidOf(lab)
  using socket = await openWebSocket(lab.url, { target: '/lab/echo' })
  using begun = await openRaw(lab.url)
  begun.send(formatRequest({ target: '/lab/events' }))
  await begun.waitUntil(() => begun.rest.includes('event 0'), 'the first piece')
  const waiting = [1, 2, 3].map(() => fetchRaw(lab.url, '/lab/gate?name=never'))
  await lab.waitForEntry('gate-never', 3)
  const dying = await fetchRaw(lab.url, '/lab/die?code=3')
  expect([dying.status, dying.complete]).toEqual([502, true])
  for (const response of await Promise.all(waiting)) expect(response.status).toBe(502)
  expect(await socket.readClose()).toMatch(/^1011/)
  expect((await begun.readFinalResponse()).complete).toBe(false)
  expect(await pidOf(lab)).not.toBe(pid)
  const { fields } = await lab.waitForRecord(/ended with exit code 3; it had 6 requests$/)
  expect(fields['requests']).toContainEqual(
    expect.objectContaining({ method: 'GET', path: '/lab/die' }),
  )
})

test('an idle worker that is killed costs no request', async () => {
  await using lab = await start()
  for (let i = 0; i < 6; i++) {
    process.kill(await pidOf(lab), 'SIGKILL')
    const body = i % 2 ? Buffer.alloc(10, 'x') : undefined
    const method = body === undefined ? 'GET' : 'POST'
    const target = body === undefined ? '/lab/hello' : '/lab/echo'
    const response = await fetchRaw(lab.url, { method, target, ...(body && { body }) })
    expect(response.status).toBe(200)
  }
})

test('of many workers one that dies harms only its own requests', async () => {
  await using lab = await start({ processes: 2 })
  const all = Array.from({ length: 20 }, () => fetchRaw(lab.url, '/lab/gate?name=g'))
  await lab.waitForEntry('gate-g', 20)
  const workers = lab.exchanges.map(({ notes }) => notes.worker)
  expect(new Set(workers).size).toBe(2)
  process.kill(Number(workers[0]?.split('/')[1]), 'SIGKILL')
  await pollUntil(
    () => lab.exchanges.filter(({ response }) => response.finished).length === 10 || undefined,
    'ten answers',
  )
  lab.openGate('g')
  const statuses = (await Promise.all(all)).map(({ status }) => status).toSorted((a, b) => a - b)
  expect(statuses).toEqual([...Array<number>(10).fill(200), ...Array<number>(10).fill(502)])
})

test('an application that blocks its loop costs its worker, not the server', async () => {
  const own = [
    'import time',
    'async def application(scope, receive, send):',
    '    assert scope["type"] == "http"',
    '    if scope["path"].endswith("block"):',
    '        time.sleep(60)',
    '    await send({"type": "http.response.start", "status": 200})',
    '    await send({"type": "http.response.body", "body": b"fine"})',
    '',
  ].join('\n')
  await using lab = await startLab(createDaemonBackend, {
    own,
    timeouts: { request: 300, shutdown: 300 },
  })
  expect((await fetchRaw(lab.url, '/lab/block')).status).toBe(504)
  const { fields } = await lab.waitForRecord(/of application lab was ended after/)
  expect(fields['traceback']).toMatch(/own\.py/)
  await lab.waitForRecord(/has an event loop that does not end request/)
  expect((await fetchRaw(lab.url, '/lab/')).text).toBe('fine')
})

test.each(['asyncio', 'uvloop'] as const)(
  'an application that handles signals itself is still stopped, on %s',
  async (loop) => {
    await using lab = await start({ loop, python: pythonFor(loop) })
    const pid = await pidOf(lab)
    expect((await fetchRaw(lab.url, '/lab/signals')).text).toBe('taken')
    process.kill(pid, 'SIGTERM')
    await lab.waitForEntry('signal')
    expect((await fetchRaw(lab.url, '/lab/hello')).text).toBe('hello')
    await lab.backend.stop()
    expect(lab.journal().at(-1)).toBe('shutdown')
    expect(lab.records.filter(({ level }) => level === 'warn')).toEqual([])
    await waitForEnd(pid)
  },
)

test('after SIGTERM from outside requests finish, and another worker takes over', async () => {
  await using lab = await start()
  const pid = await pidOf(lab)
  const running = fetchRaw(lab.url, '/lab/gate?name=g')
  await lab.waitForEntry('gate-g')
  process.kill(pid, 'SIGTERM')
  await lab.waitForRecord(/was asked to end from outside/)
  expect(await pidOf(lab)).not.toBe(pid)
  lab.openGate('g')
  expect((await running).text).toBe('through')
  await waitForEnd(pid)
  expect(lab.journal()).toContain('shutdown')
})

test('a request that takes no cancellation does not cost the lifespan its shutdown', async () => {
  await using lab = await start({ timeouts: { shutdown: 100 } })
  const running = fetchRaw(lab.url, '/lab/stubborn')
  await lab.waitForEntry('stubborn')
  await lab.backend.stop()
  expect((await running).status).toBe(503)
  expect(lab.journal()).toContain('shutdown')
})

test('an exception of a signal handler does not end the loop, but SystemExit ends the worker gracefully', async () => {
  const own = [
    'import os, signal',
    'def fail(number, frame): raise LookupError("from a handler")',
    'def leave(number, frame): raise SystemExit(0)',
    'signal.signal(signal.SIGUSR1, fail)',
    'signal.signal(signal.SIGUSR2, leave)',
    'async def application(scope, receive, send):',
    '    assert scope["type"] == "http"',
    '    await send({"type": "http.response.start", "status": 200})',
    '    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})',
    '',
  ].join('\n')
  await using lab = await startLab(createDaemonBackend, { own, loop: 'asyncio' })
  const pid = Number((await fetchRaw(lab.url, '/lab/')).text)
  process.kill(pid, 'SIGUSR1')
  await pollUntil(
    () =>
      lab.records.some(({ fields }) => String(fields['traceback']).includes('from a handler')) ||
      undefined,
    'the traceback',
  )
  expect((await fetchRaw(lab.url, '/lab/')).text).toBe(String(pid))
  process.kill(pid, 'SIGUSR2')
  await waitForEnd(pid)
  expect((await fetchRaw(lab.url, '/lab/')).text).not.toBe(String(pid))
})

test.each(['asyncio', 'uvloop'] as const)(
  'SystemExit in a task lets requests finish before the worker is replaced, on %s',
  async (loop) => {
    const own = [
      'import asyncio, os, sys',
      'async def leave(): sys.exit("by a task")',
      'async def application(scope, receive, send):',
      '    assert scope["type"] == "http"',
      '    if "leave" in scope["path"]:',
      '        task = asyncio.create_task(leave())',
      '        await asyncio.sleep(1)',
      '    await send({"type": "http.response.start", "status": 200})',
      '    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})',
      '',
    ].join('\n')
    await using lab = await startLab(createDaemonBackend, { own, loop, python: pythonFor(loop) })
    const pid = (await fetchRaw(lab.url, '/lab/')).text
    const running = fetchRaw(lab.url, '/lab/leave')
    await lab.waitForRecord(/raised SystemExit: by a task/)
    expect((await running).text).toBe(pid)
    await waitForEnd(Number(pid))
    expect((await fetchRaw(lab.url, '/lab/')).text).not.toBe(pid)
  },
)

test.each(['asyncio', 'uvloop'] as const)(
  'forked children of the application keep no descriptor of ours, on %s',
  async (loop) => {
    const own = [
      'import os, time',
      'async def application(scope, receive, send):',
      '    assert scope["type"] == "http"',
      '    pid = os.fork()',
      '    if pid == 0:',
      '        time.sleep(30)',
      '        os._exit(0)',
      '    await send({"type": "http.response.start", "status": 200})',
      '    await send({"type": "http.response.body", "body": str(pid).encode()})',
      '',
    ].join('\n')
    await using lab = await startLab(createDaemonBackend, { own, loop, python: pythonFor(loop) })
    const child = Number((await fetchRaw(lab.url, '/lab/')).text)
    expect((await fetchRaw(lab.url, '/lab/')).status).toBe(200)
    await lab.backend.stop()
    process.kill(child, 'SIGTERM')
    await waitForEnd(child)
  },
)

const FORKING = `${FORK}
async def application(scope, receive, send):
    assert scope["type"] == "http"
    way = scope["query_string"].decode()
    text = fork(way) if scope["path"] == "/lab/here" else await asyncio.to_thread(fork, way)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": text.encode()})
`

test.each(['asyncio', 'uvloop'] as const)(
  'a child that returns from a request is ended, also in a thread of the executor, on %s',
  async (loop) => {
    await using lab = await startLab(createDaemonBackend, {
      own: FORKING,
      loop,
      python: pythonFor(loop),
    })
    const ways = ['here?return', 'here?raise', 'thread?return', 'thread?raise', 'thread?leave']
    const texts: string[] = []
    for (const way of ways) texts.push((await fetchRaw(lab.url, `/lab/${way}`)).text)
    expect(texts).toEqual(['70', '70', '70', '70', '4'])
  },
)

test('an application file found by its folder is served on a loop, too', async () => {
  await using lab = await openLab(createDaemonBackend, {
    applications: [
      {
        kind: 'file',
        name: 'lab',
        interface: 'asgi',
        appDirectory: labApplication().directory,
        appFilename: 'asgi_lab.py',
        callable: 'application',
        callableQueryName: undefined,
        cacheCallables: true,
        reloadOnModification: false,
        multithread: true,
        interpreter: undefined,
      },
    ],
  })
  await lab.backend.start()
  expect((await fetchRaw(lab.url, '/lab/hello')).text).toBe('hello')
})

test('SystemExit at import is a load failure with its text', async () => {
  await using lab = await openLab(createDaemonBackend, { own: 'raise SystemExit("not today")\n' })
  await expect(lab.backend.start()).rejects.toMatchObject({
    code: 'APPLICATION_LOAD',
    message: expect.stringContaining('not today'),
  })
})

test('what an application creates at import belongs to its loop', async () => {
  const own = [
    'import asyncio',
    'loop = asyncio.get_event_loop()',
    'async def application(scope, receive, send):',
    '    assert scope["type"] == "http"',
    '    same = loop is asyncio.get_running_loop()',
    '    await send({"type": "http.response.start", "status": 200})',
    '    await send({"type": "http.response.body", "body": str(same).encode()})',
    '',
  ].join('\n')
  await using lab = await startLab(createDaemonBackend, { own })
  expect((await fetchRaw(lab.url, '/lab/')).text).toBe('True')
})
