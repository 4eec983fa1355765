import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

import { afterEach, describe, expect, test } from 'vitest'

import { createProject } from '../support/project.ts'
import { endStarted, get, startReplicas, waitFor } from '../support/replicas.ts'

const LIBRARIES = {
  gevent: { setup: 'from gevent import monkey; monkey.patch_all()', module: 'gevent' },
  eventlet: { setup: 'import eventlet; eventlet.monkey_patch()', module: 'eventlet' },
} as const
const ENGINES = {
  daemon: [],
  'embedded with threads': ['-e', 'embedded', '-t', '2'],
  "embedded on Node's thread": ['-e', 'embedded'],
} as const
const PYTHON = process.env['TAIPAN_TEST_PYTHON'] ?? 'python3'

const APP = `
import os, queue, threading, time
from concurrent.futures import ThreadPoolExecutor

def note_start():
    open("imported", "w").close()
threading.Thread(target=note_start, daemon=True).start()

def together():
    steps = []
    def step():
        steps.append("begin")
        time.sleep(0.05)
        steps.append("end")
    threads = [threading.Thread(target=step) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return " ".join(steps)

def hand_over():
    items = queue.Queue()
    threading.Thread(target=lambda: items.put("handed over")).start()
    return items.get()

def pool():
    with ThreadPoolExecutor(2) as executor:
        return str(list(executor.map(lambda number: number * 2, range(3))))

def leave():
    def later():
        time.sleep(0.05)
        open("left", "w").close()
    threading.Thread(target=later, daemon=True).start()
    return "left"

def application(environ, start_response):
    name = environ["PATH_INFO"].strip("/")
    if name == "echo":
        text = environ["wsgi.input"].read().decode()
    else:
        text = {"together": together, "hand_over": hand_over, "pool": pool, "leave": leave}[name]()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]
`

const ASGI_APP = `
import asyncio
async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind == "lifespan.shutdown":
                return
    await asyncio.to_thread(str)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"awaited"})
`

function isInstalled(module: string): boolean {
  return spawnSync(PYTHON, ['-c', `import ${module}`]).status === 0
}

async function post(url: string, body: string): Promise<string> {
  const response = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(20_000) })
  return await response.text()
}

afterEach(endStarted)

describe.each(Object.entries(LIBRARIES))('%s', (_name, { setup, module }) => {
  describe.skipIf(!isInstalled(module)).each(Object.entries(ENGINES))('%s', (engine, args) => {
    const common = ['-b', '127.0.0.1:0', '--no-access-log', '--python', PYTHON, ...args]

    test('threads of a WSGI application that are greenlets work like threads', async () => {
      using project = createProject({ 'app.py': `${setup}\n${APP}` })
      const taipan = await startReplicas(project, common)
      for (let round = 0; round < 2; round += 1) {
        expect(await get(`${taipan.url}/together`)).toBe('begin begin begin end end end')
        expect(await get(`${taipan.url}/hand_over`)).toBe('handed over')
        expect(await get(`${taipan.url}/pool`)).toBe('[0, 2, 4]')
      }
      const body = 'x'.repeat(300_000)
      expect(await post(`${taipan.url}/echo`, body)).toBe(body)
      const answers = Array.from({ length: 8 }, () => get(`${taipan.url}/together`))
      expect(new Set(await Promise.all(answers))).toEqual(
        new Set(['begin begin begin end end end']),
      )
      const { exitCode, output } = await taipan.stop()
      expect(exitCode).toBe(0)
      expect(output).not.toMatch(/KeyError|SIGKILL|did not end|were not greened/)
    })

    test.skipIf(engine === "embedded on Node's thread")(
      'greenlets that a request leaves go on while their thread waits for another',
      async () => {
        using project = createProject({ 'app.py': `${setup}\n${APP}` })
        const taipan = await startReplicas(project, common)
        await get(`${taipan.url}/leave`)
        await waitFor(() => existsSync(project.path('left')), 'end of what was left')
        await taipan.stop()
      },
    )

    test('an ASGI application is served, with a warning', async () => {
      using project = createProject({ 'app.py': `${setup}\n${ASGI_APP}` })
      const taipan = await startReplicas(project, common)
      expect(await get(taipan.url)).toBe('awaited')
      const { exitCode, output } = await taipan.stop()
      expect(exitCode).toBe(0)
      expect(output).not.toMatch(/greenlet.error|KeyError|SIGKILL|did not end/)
      expect(output).toContain('replaced threads by greenlets (gevent, eventlet)')
    })
  })

  test.skipIf(!isInstalled(module))(
    'greenlets that an import starts go on in a worker process',
    async () => {
      using project = createProject({ 'app.py': `${setup}\n${APP}` })
      const args = ['-b', '127.0.0.1:0', '--python', PYTHON]
      const taipan = await startReplicas(project, args)
      await waitFor(() => existsSync(project.path('imported')), 'greenlet of the import')
      await taipan.stop()
    },
  )
})
