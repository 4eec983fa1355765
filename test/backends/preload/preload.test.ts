import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import { createPreloadBackend } from '../../../src/backends/preload/preload-backend.ts'
import type { BackendLab, LabOptions } from '../../support/backend-lab.ts'
import { labApplication, openLab, startLab } from '../../support/backend-lab.ts'
import { fetchRaw, pollUntil } from '../../support/raw-client.ts'

/** Notes each load, and answers with the processes: the one that has loaded it, its own, and its parent. */
const FAMILY = `
import os, random
def note(text):
    with open(os.path.join(os.environ["LAB_FOLDER"], "journal"), "a") as journal:
        journal.write(text + "\\n")
note("loaded")
LOADED = os.getpid()
RANDOM = random.Random()
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/exit":
        os._exit(7)
    if path == "/kill":
        os.kill(os.getpid(), 9)
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/random":
        return [str(random.random()).encode()]
    return [f"{LOADED} {os.getpid()} {os.getppid()}".encode()]
`

const start = (options: LabOptions = {}): Promise<BackendLab> =>
  startLab(createPreloadBackend, { own: FAMILY, ...options })

async function readFamily(lab: BackendLab): Promise<{ template: number; worker: number }> {
  const { text } = await fetchRaw(lab.url, '/lab/')
  const [loader, worker, parent] = text.split(' ').map(Number)
  expect(parent).toBe(loader)
  return { template: loader ?? 0, worker: worker ?? 0 }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function waitForEnd(pid: number): Promise<void> {
  await pollUntil(() => !isThere(pid) || undefined, `the end of ${pid}`)
}

function countLoads(lab: BackendLab): number {
  return lab.journal().filter((line) => line === 'loaded').length
}

describe('workers of a template', () => {
  test('are loaded once, lead their process groups, and end with it', async () => {
    const lab = await start({ processes: 3 })
    const { template, worker } = await readFamily(lab)
    expect(lab.backend.status.workers).toHaveLength(3)
    expect(countLoads(lab)).toBe(1)
    const group = /^.*\) \S+ \d+ (\d+)/.exec(readFileSync(`/proc/${worker}/stat`, 'latin1'))?.[1]
    expect(Number(group)).toBe(worker)
    const pids = lab.backend.status.workers.map(({ pid }) => pid)
    await lab[Symbol.asyncDispose]()
    for (const pid of [template, ...pids]) await waitForEnd(pid)
  })

  test('are replaced without another load, and it is told how they ended', async () => {
    await using lab = await start({ processes: 2 })
    expect((await fetchRaw(lab.url, '/lab/exit')).status).toBe(502)
    expect((await fetchRaw(lab.url, '/lab/kill')).status).toBe(502)
    await lab.waitForRecord(/ended with exit code 7; it had 1 request/)
    await lab.waitForRecord(/ended with signal SIGKILL; it had 1 request/)
    await pollUntil(
      () =>
        lab.backend.status.workers.filter(({ state }) => state === 'ready').length === 2 ||
        undefined,
      'two new ones',
    )
    await readFamily(lab)
    expect(countLoads(lab)).toBe(1)
  })

  test('have numbers at random of their own', async () => {
    await using lab = await start()
    const { text: first } = await fetchRaw(lab.url, '/lab/random')
    await fetchRaw(lab.url, '/lab/exit')
    expect((await fetchRaw(lab.url, '/lab/random')).text).not.toBe(first)
  })

  test('come from a new template after a reload, and the old one ends', async () => {
    await using lab = await start({ processes: 2 })
    const old = await readFamily(lab)
    await lab.backend.reload()
    const young = await readFamily(lab)
    expect(young.template).not.toBe(old.template)
    expect(countLoads(lab)).toBe(2)
    await waitForEnd(old.template)
    lab.writeOwn('raise LookupError("broken")')
    await expect(lab.backend.reload()).rejects.toMatchObject({
      code: 'APPLICATION_LOAD',
      message: expect.stringContaining('LookupError: broken'),
    })
    await fetchRaw(lab.url, '/lab/exit')
    expect((await readFamily(lab)).template).toBe(young.template)
  })

  test('go on without their template, and the next ones get another', async () => {
    await using lab = await start({ processes: 2 })
    const { template, worker } = await readFamily(lab)
    process.kill(template, 'SIGKILL')
    await lab.waitForRecord(/template web\/\d+ ended with signal SIGKILL; its workers go on/)
    expect((await fetchRaw(lab.url, '/lab/')).status).toBe(200)
    process.kill(worker, 'SIGKILL')
    await lab.waitForRecord(/worker web\/\d+ ended with an unknown status/)
    await pollUntil(() => countLoads(lab) === 2 || undefined, 'another template')
    await pollUntil(
      () =>
        lab.backend.status.workers.filter(({ state }) => state === 'ready').length === 2 ||
        undefined,
      'two workers',
    )
    await lab.backend.reload()
    await readFamily(lab)
  })

  test('are not there when the application cannot be loaded, as without a template', async () => {
    for (const createBackend of [createDaemonBackend, createPreloadBackend]) {
      await using lab = await openLab(createBackend, { own: 'import missing_module' })
      await expect(lab.backend.start()).rejects.toMatchObject({
        code: 'APPLICATION_LOAD',
        message: expect.stringContaining('missing_module'),
        cause: expect.stringContaining('import missing_module'),
      })
    }
  })

  test('serve what can be loaded beside what ends the template', async () => {
    await using lab = await openLab(createPreloadBackend, {
      own: FAMILY,
      processes: 2,
      startAnyway: true,
      besides: [labApplication({ name: 'bad', target: 'bad:application' })],
    })
    lab.write('bad.py', 'import os\nos._exit(9)\n')
    await lab.backend.start()
    await readFamily(lab)
    expect((await fetchRaw(lab.url, '/bad/')).status).toBe(503)
    await lab.waitForRecord(
      /application bad could not be loaded: the template ended with exit code 9/,
    )
  })

  test('a load that hangs ends at its time limit, with the line', async () => {
    await using lab = await openLab(createPreloadBackend, {
      own: 'import time\ntime.sleep(1000)  # here\n',
      timeouts: { startup: 1000 },
    })
    await expect(lab.backend.start()).rejects.toMatchObject({
      message: expect.stringContaining('it was not ready within 1000 ms (timeouts.startup)'),
      cause: expect.stringContaining('time.sleep(1000)  # here'),
    })
  })

  test('sleep without a template, and a request wakes both', async () => {
    await using lab = await start()
    const { template } = await readFamily(lab)
    lab.backend.resize(0)
    await waitForEnd(template)
    expect((await readFamily(lab)).template).not.toBe(template)
  })

  test('are more with one load when a group grows', async () => {
    await using lab = await start()
    lab.backend.resize(3)
    await pollUntil(
      () =>
        lab.backend.status.workers.filter(({ state }) => state === 'ready').length === 3 ||
        undefined,
      'three',
    )
    expect(countLoads(lab)).toBe(1)
  })

  test('lack threads that were started at the import, which is told', async () => {
    const own = `import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), name="poller", daemon=True).start()\n${FAMILY}`
    await using lab = await start({ own })
    await lab.waitForRecord(/importing the applications has started threads.*\(poller\)/)
    await readFamily(lab)
  })

  test('have an event loop and lifespans of their own', async () => {
    const own = `
import asyncio, os
LOADED = os.getpid()
started = []
async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            started.append(os.getpid())
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await asyncio.sleep(0.01)
    process = await asyncio.create_subprocess_exec("/bin/echo", "child", stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    await send({"type": "http.response.start", "status": 200})
    text = f"{LOADED != os.getpid()} {started == [os.getpid()]} {out.decode().strip()}"
    await send({"type": "http.response.body", "body": text.encode()})
`
    for (const loop of ['asyncio', 'auto'] as const) {
      await using lab = await start({ own, processes: 2, loop })
      const answers = await Promise.all(
        Array.from({ length: 4 }, async () => (await fetchRaw(lab.url, '/lab/')).text),
      )
      expect(answers).toEqual(Array(4).fill('True True child'))
    }
  })
})
