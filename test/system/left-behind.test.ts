import { existsSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { isRunning, listChildren } from '../faults/fault-lab.ts'
import { fetchRaw, pollUntil } from '../support/raw-client.ts'
import { app, createFolder, serve } from './command.ts'

const ENGINES: readonly (readonly [string, readonly string[]])[] = [
  ['daemon', ['-e', 'daemon', '-p', '1']],
  ['embedded', ['-e', 'embedded', '-p', '1']],
  ['embedded with a thread', ['-e', 'embedded', '-p', '1', '-t', '1']],
]

/** Answers with the processes that it has started: a pool, a program that ignores SIGTERM, and one outside the group. */
const STARTS = app(
  `import signal, subprocess
stubborn = [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(300)"]
child = subprocess.Popen(stubborn, stdout=subprocess.PIPE)
child.stdout.readline()
apart = subprocess.Popen(["sleep", "300"], start_new_session=True)
first = pool.submit(os.getpid).result()
return json.dumps({"worker": os.getpid(), "apart": apart.pid, "left": [child.pid, *pool._processes]})`,
  'from concurrent.futures import ProcessPoolExecutor\npool = ProcessPoolExecutor(2)',
)

interface Started {
  readonly worker: number
  /** In its own session. */
  readonly apart: number
  readonly left: readonly number[]
}

async function waitForEndOf(pids: readonly number[]): Promise<void> {
  for (const pid of pids)
    await pollUntil(async () => !(await isRunning(pid)) || undefined, `the end of ${pid}`)
}

describe.each(ENGINES)('processes that an application has started, %s', (_name, args) => {
  test.each([
    ['SIGTERM', 'SIGTERM', 'server'],
    ['SIGHUP', 'SIGHUP', 'server'],
    ['SIGKILL of the server', 'SIGKILL', 'server'],
    ['SIGKILL of the worker', 'SIGKILL', 'worker'],
  ] as const)('ends with its worker after %s, unless it has left', async (_what, signal, whom) => {
    await using folder = await createFolder({ 'app.py': STARTS })
    await using taipan = serve(folder, ['app.py', ...args])
    const started: Started = JSON.parse((await fetchRaw(await taipan.waitForUrl(), '/')).text)
    expect(started.left.length).toBeGreaterThan(1)
    try {
      process.kill(whom === 'server' ? taipan.pid : started.worker, signal)
      await waitForEndOf([started.worker, ...started.left])
      expect(await isRunning(started.apart)).toBe(true)
      if (signal === 'SIGTERM') expect((await taipan.waitForExit()).exitCode).toBe(0)
    } finally {
      process.kill(started.apart)
    }
  })
})

/** Its requests start a thread that runs until a file exists, and then starts another one. */
const LEAVES = app(
  `path = environ["PATH_INFO"]
if path == "/thread":
    threading.Thread(target=work).start()
if path == "/pool":
    pool.submit(time.sleep, 0.01)
    pool.submit(work)
if path == "/stuck":
    threading.Thread(target=threading.Event().wait, name="stuck thread").start()
    stuck.submit(threading.Event().wait)
return str(os.getpid())`,
  `from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(1)
stuck = ThreadPoolExecutor(1, thread_name_prefix="stuck pool")
def work():
    print("work begun", flush=True)
    while not os.path.exists("gate"):
        time.sleep(0.01)
    open("done", "w").close()`,
)

const LEAVES_ASGI = `import asyncio, os, threading, time
def work():
    print("work begun", flush=True)
    while not os.path.exists("gate"):
        time.sleep(0.01)
    open("done", "w").close()
async def application(scope, receive, send):
    path = scope["path"]
    if path == "/thread":
        asyncio.get_running_loop().run_in_executor(None, work)
    if path == "/pool":
        asyncio.ensure_future(asyncio.to_thread(work))
        await asyncio.sleep(0)
    if path == "/stuck":
        threading.Thread(target=threading.Event().wait, name="stuck thread").start()
        asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
`

// ASGI is the same for any number of WSGI threads.
const CASES = [
  ...ENGINES.map(([name, args]) => [`WSGI, ${name}`, LEAVES, args] as const),
  ...ENGINES.slice(0, 2).map(([name, args]) => [`ASGI, ${name}`, LEAVES_ASGI, args] as const),
]

describe.each(CASES)('threads that a request has started, %s', (_name, source, args) => {
  test.each([
    ['/thread', 'SIGTERM'],
    ['/pool', 'SIGTERM'],
    ['/pool', 'SIGHUP'],
  ] as const)('of %s may finish at a %s', async (target, signal) => {
    await using folder = await createFolder({ 'app.py': source })
    await using taipan = serve(folder, ['app.py', ...args])
    const url = await taipan.waitForUrl()
    const worker = Number((await fetchRaw(url, target)).text)
    await taipan.waitForOutput(/work begun/)
    taipan.kill(signal)
    await taipan.waitForOutput(signal === 'SIGTERM' ? /stopping gracefully/ : /\breloaded/)
    // Long enough to be cut off.
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(existsSync(folder.file('done'))).toBe(false)
    await folder.write('gate', '')
    await waitForEndOf([worker])
    expect(existsSync(folder.file('done'))).toBe(true)
    expect(taipan.output).not.toMatch(/did not end|Traceback/)
    if (signal === 'SIGTERM') expect((await taipan.waitForExit()).exitCode).toBe(0)
  })

  test('that do not end within timeouts.shutdown are named and cut off', async () => {
    await using folder = await createFolder({
      'app.py': source,
      'config.json': JSON.stringify({ timeouts: { shutdown: 500 } }),
    })
    await using taipan = serve(folder, ['app.py', ...args, '--config', 'config.json'])
    const worker = Number((await fetchRaw(await taipan.waitForUrl(), '/stuck')).text)
    taipan.kill('SIGTERM')
    expect((await taipan.waitForExit()).exitCode).toBe(0)
    expect(await listChildren(taipan.pid)).toEqual([])
    expect(await isRunning(worker)).toBe(false)
    expect(taipan.output).toMatch(/did not end in time: threads .*stuck thread/)
    expect(taipan.output).not.toMatch(/did not stop when asked/)
  })
})
