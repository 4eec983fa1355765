import { expect, test } from 'vitest'

import { createEmbeddedBackend } from '../../../src/backends/embedded/embedded-backend.ts'
import { startLab } from '../../support/backend-lab.ts'
import { ENDED, FORK } from '../../support/forking.ts'
import { fetchRaw } from '../../support/raw-client.ts'

const WSGI = `${FORK}
def application(environ, start_response):
    environ["wsgi.input"].read(1)
    text = fork(environ["QUERY_STRING"])
    start_response("200 OK", [])
    return [text.encode()]
`
const ASGI = `${FORK}
async def application(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    text = fork(scope["query_string"].decode())
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": text.encode()})
`

const ASGI_THREAD = ASGI.replace('fork(scope', 'await asyncio.to_thread(fork, scope')
const THREAD = `${WSGI.replace('import asyncio, os', 'import asyncio, os, threading')}
def fork_within(way):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(fork(way)))
    thread.start()
    thread.join()
    return answers[0]
`.replace('text = fork(', 'text = fork_within(')

test.each([
  ['on Node’s thread', WSGI, 0, ''],
  ['in the middle of an upload', WSGI, 0, 'x'.repeat(1_000_000)],
  ['in a thread', WSGI, 1, ''],
  ['in a coroutine', ASGI, 0, ''],
  ['in a thread of the executor', ASGI_THREAD, 0, ''],
])('a child that returns from a request %s is ended', async (_where, own, threads, body) => {
  await using lab = await startLab(createEmbeddedBackend, { own, threads })
  const answers = await Promise.all(
    ['return', 'raise', 'exit', 'return'].map((way) =>
      fetchRaw(lab.url, { target: `/lab/?${way}`, ...(body !== '' && { method: 'POST', body }) }),
    ),
  )
  expect(answers.map(({ status, text }) => `${status} ${text}`)).toEqual(
    Array.from({ length: 4 }, () => `200 ${ENDED}`),
  )
})

test('a child ends with the thread that forked, as in Python’s own program', async () => {
  await using lab = await startLab(createEmbeddedBackend, { own: THREAD, threads: 0 })
  for (const way of ['return', 'raise', 'exit'])
    expect((await fetchRaw(lab.url, `/lab/?${way}`)).text).toBe('0')
})

test('a child that returns from an import is ended', async () => {
  const own = `${WSGI.replace('import asyncio, os', 'import asyncio, os, time')}
child = os.fork()
STATUS = str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])) if child else ""
def fork(_way):
    return STATUS
`
  await using lab = await startLab(createEmbeddedBackend, { own, threads: 0 })
  expect((await fetchRaw(lab.url, '/lab/')).text).toBe(String(ENDED))
})

test('an early signal to a child ends the child, although Node has a handler for it', async () => {
  const own = `
import os, signal, time
def fork_and_end():
    child = os.fork()
    if not child:
        time.sleep(60)
        os._exit(0)
    os.kill(child, signal.SIGTERM)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)
def application(environ, start_response):
    start_response("200 OK", [])
    return [str({fork_and_end() for _ in range(5)}).encode()]
`
  const taken: string[] = []
  const onSignal = (): void => void taken.push('SIGTERM')
  process.on('SIGTERM', onSignal)
  try {
    await using lab = await startLab(createEmbeddedBackend, { own, threads: 0 })
    expect((await fetchRaw(lab.url, '/lab/')).text).toBe('{-15}')
    expect(taken).toEqual([])
  } finally {
    process.off('SIGTERM', onSignal)
  }
})
