import { describe, expect, test } from 'vitest'

import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import { testBodies } from '../../contract/bodies.ts'
import { testExchanges } from '../../contract/exchanges.ts'
import { testStopping } from '../../contract/stopping.ts'
import type { BackendLab, LabOptions } from '../../support/backend-lab.ts'
import { labApplication, openLab, startLab } from '../../support/backend-lab.ts'
import { SPOILING } from '../../support/one-connection.ts'
import { fetchRaw, pollUntil } from '../../support/raw-client.ts'

const ON_MAIN = { threads: 1, mainThread: true }

const start = (options?: LabOptions): Promise<BackendLab> =>
  startLab(createDaemonBackend, { ...ON_MAIN, ...options })

const SIGNALS = `
import os
import signal
import threading
import time

FOLDER = os.environ["LAB_FOLDER"]


def raise_alarm(number, frame):
    raise LookupError("the alarm")


signal.signal(signal.SIGALRM, raise_alarm)


def application(environ, start_response):
    text = str(threading.current_thread() is threading.main_thread())
    if environ["PATH_INFO"] == "/alarm":
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        try:
            time.sleep(60)
        except LookupError as error:
            text = str(error)
    elif environ["PATH_INFO"] == "/late":
        signal.setitimer(signal.ITIMER_REAL, 0.2)
    elif environ["PATH_INFO"] == "/exit":
        raise SystemExit(3)
    start_response("200 OK", [("X-Threads", str(environ["wsgi.multithread"]))])
    return [text.encode()]
`

const ASGI = `
async def application(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"asgi"})
`

describe('WSGI on the main thread', () => {
  testExchanges(start, SPOILING)
  testBodies(start)
  testStopping(start)

  test('is on the main thread, where signals of the application work', async () => {
    await using lab = await start({ own: SIGNALS })
    const plain = await fetchRaw(lab.url, '/lab/')
    expect([plain.text, plain.header('x-threads')]).toEqual(['True', 'False'])
    expect((await fetchRaw(lab.url, '/lab/alarm')).text).toBe('the alarm')
    expect((await fetchRaw(lab.url, '/lab/exit')).status).toBe(500)
    expect((await fetchRaw(lab.url, '/lab/')).text).toBe('True')
  })

  test('a signal handler that raises between requests is logged, and the worker lives on', async () => {
    await using lab = await start({ own: SIGNALS })
    const [, pid] =
      ((await fetchRaw(lab.url, '/lab/late')).text && lab.exchanges[0]?.notes.worker?.split('/')) ||
      []
    await lab.waitForRecord(/a signal handler or a task raised LookupError: the alarm/)
    expect((await fetchRaw(lab.url, '/lab/')).text).toBe('True')
    expect(lab.exchanges.at(-1)?.notes.worker).toBe(`web/${pid}`)
  })

  test('serves one request at a time; others wait', async () => {
    await using lab = await start()
    const held = fetchRaw(lab.url, '/lab/gate?name=g')
    await lab.waitForEntry('gate-g')
    const waiting = fetchRaw(lab.url, '/lab/note?n=second')
    await pollUntil(() => lab.exchanges.length === 2 || undefined, 'the second request')
    expect(lab.journal()).toEqual(['gate-g'])
    lab.openGate('g')
    expect([(await held).text, (await waiting).text]).toEqual(['through', 'noted'])
  })

  test('a request that takes too long gets 504, is interrupted, and the next one is served', async () => {
    await using lab = await start({ timeouts: { request: 300 } })
    expect((await fetchRaw(lab.url, '/lab/gate?name=never')).status).toBe(504)
    const { fields } = await lab.waitForRecord(/was ended after \d+ ms/)
    expect(fields['traceback']).toMatch(/in do_gate\n/)
    expect((await fetchRaw(lab.url, '/lab/hello')).text).toBe('hello')
  })

  test('a worker whose process is asked to end finishes its request, and is replaced', async () => {
    await using lab = await start()
    const pid = Number((await fetchRaw(lab.url, '/lab/pid')).text)
    const held = fetchRaw(lab.url, '/lab/gate?name=g')
    await lab.waitForEntry('gate-g')
    process.kill(pid, 'SIGTERM')
    await lab.waitForRecord(/asked to end from outside/)
    lab.openGate('g')
    expect((await held).text).toBe('through')
    await pollUntil(
      async () => Number((await fetchRaw(lab.url, '/lab/pid')).text) !== pid || undefined,
      'another worker',
    )
  })

  test('an ASGI application alone runs on its event loop, also there', async () => {
    await using lab = await start({ own: ASGI })
    expect((await fetchRaw(lab.url, '/lab/')).text).toBe('asgi')
  })

  test('an ASGI application beside WSGI ones is not served, and the reason is said', async () => {
    await using lab = await openLab(createDaemonBackend, {
      ...ON_MAIN,
      startAnyway: true,
      own: ASGI,
      besides: [labApplication({ name: 'wsgi' })],
    })
    await lab.backend.start()
    expect((await fetchRaw(lab.url, '/wsgi/hello')).text).toBe('hello')
    expect((await fetchRaw(lab.url, '/lab/')).status).toBe(503)
    const { message } = await lab.waitForRecord(/application lab/)
    expect(message).toMatch(/event loop needs the main thread.*give it a group of its own/)
  })
})
