import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

import { describe, expect, test } from 'vitest'

import { fetchRaw, formatRequest, openRaw, pollUntil } from '../support/raw-client.ts'
import { isRunning, listChildren } from '../faults/fault-lab.ts'
import { app, createFolder, serve, type Folder } from './command.ts'

const GATED = app(
  `path = environ["PATH_INFO"]
if path == "/gate":
    print("gate reached", flush=True)
    for _ in range(3000):
        if os.path.exists("open"):
            break
        time.sleep(0.01)
    return "through"
if path == "/stuck":
    print("stuck now", flush=True)
    while not os.path.exists("open"):
        try:
            time.sleep(0.05)
        except BaseException:
            pass
    return "unstuck"
return "%d %d" % (os.getpid(), os.getppid())`,
  `import atexit
VERSION = 1
atexit.register(lambda: open("atexit-%d" % os.getpid(), "w").write("ran"))`,
)

// Detects that a worker process has told Node about its stop signal.
const HEARING = `
import signal
before = signal.getsignal(signal.SIGTERM)
def hear(number, frame):
    before(number, frame)
    os.write(1, b"heard\\n")
signal.signal(signal.SIGTERM, hear)
`

const ENDLESS = app(`import subprocess
child = subprocess.Popen(["sleep", "300"])
os.write(1, b"stuck beside %d\\n" % child.pid)
parent = os.getppid()
while os.getppid() == parent:
    pass
open("outlived", "w").close()
while True:
    pass`)

async function workerOf(url: string): Promise<number> {
  return Number((await fetchRaw(url, '/')).text.split(' ')[0])
}

async function atexitRan(folder: Folder, pid: number): Promise<boolean> {
  return (await readFile(folder.file(`atexit-${pid}`), 'utf8').catch(() => '')) === 'ran'
}

describe('stopping', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGQUIT'] as const)(
    '%s: a running request finishes, new ones are not accepted, atexit runs, exit 0',
    async (signal) => {
      await using folder = await createFolder({ 'app.py': GATED })
      await using taipan = serve(folder, ['app.py', '-p', '1', '-t', '2'])
      const url = await taipan.waitForUrl()
      const worker = await workerOf(url)
      using connection = await openRaw(url)
      connection.send(formatRequest({ target: '/gate' }))
      await taipan.waitForOutput(/gate reached/)
      taipan.kill(signal)
      await pollUntil(async () => {
        const late = await fetchRaw(url, '/').catch(() => undefined)
        return late === undefined || late.status === 503 ? true : undefined
      }, 'the listener to close')
      expect(taipan.over).toBe(false)
      await folder.write('open', '')
      const response = await connection.readFinalResponse()
      expect([response.status, response.text]).toEqual([200, 'through'])
      await taipan.waitForOutput(/requests? to finish before its end/)
      await taipan.waitForOutput(/requests? finished before its end/)
      expect((await taipan.waitForExit()).exitCode).toBe(0)
      expect(await isRunning(worker)).toBe(false)
      expect(await atexitRan(folder, worker)).toBe(true)
    },
  )

  test('idle keep-alive connections do not delay the stop', async () => {
    await using folder = await createFolder({ 'app.py': GATED })
    await using taipan = serve(folder, ['app.py'])
    const url = await taipan.waitForUrl()
    const connections = await Promise.all(Array.from({ length: 10 }, () => openRaw(url)))
    for (const connection of connections.slice(5)) {
      connection.send(formatRequest())
      expect((await connection.readFinalResponse()).status).toBe(200)
    }
    taipan.kill('SIGTERM')
    expect((await taipan.waitForExit()).exitCode).toBe(0)
    for (const connection of connections) await connection.waitForEnd()
  })

  test('a second Ctrl-C stops at once', async () => {
    await using folder = await createFolder({ 'app.py': GATED })
    await using taipan = serve(folder, ['app.py', '-p', '1', '-t', '2'])
    const url = await taipan.waitForUrl()
    const worker = await workerOf(url)
    using connection = await openRaw(url)
    connection.send(formatRequest({ target: '/stuck' }))
    await taipan.waitForOutput(/stuck now/)
    taipan.kill('SIGINT')
    await pollUntil(async () => {
      const late = await fetchRaw(url, '/').catch(() => undefined)
      return late === undefined || late.status === 503 ? true : undefined
    }, 'the first Ctrl-C to work')
    expect(taipan.over).toBe(false)
    taipan.kill('SIGINT')
    expect((await taipan.waitForExit()).exitCode).toBe(130)
    await connection.waitForEnd()
    await pollUntil(
      async () => ((await isRunning(worker)) ? undefined : true),
      'the worker to end',
      { deadline: 5000 },
    )
  })

  test.each([
    ['daemon', '1'],
    ['embedded', '0'],
    ['embedded', '1'],
  ])(
    'a second Ctrl-C ends what is stuck at once, engine %s, threads %s',
    async (engine, threads) => {
      await using folder = await createFolder({ 'app.py': ENDLESS })
      const args = ['app.py', '-e', engine, ...(threads === '0' ? [] : ['-t', threads])]
      await using taipan = serve(folder, [...args, '-p', '2'])
      using connection = await openRaw(await taipan.waitForUrl())
      connection.send(formatRequest())
      const child = Number((await taipan.waitForOutput(/stuck beside \d+/)).split(' ')[2])
      const workers = await listChildren(taipan.pid)
      expect(workers).toHaveLength(2)
      taipan.kill('SIGINT')
      await taipan.waitForOutput(/stopping gracefully/)
      await pollUntil(() => {
        // An earlier one would count as a repetition of the first.
        taipan.kill('SIGINT')
        return taipan.over || undefined
      }, 'the end')
      expect(taipan.exitCode).toBe(130)
      for (const pid of [...workers, child])
        await pollUntil(async () => !(await isRunning(pid)) || undefined, `the end of ${pid}`)
      // A process that outlives its parent for a moment would have written it.
      expect(existsSync(folder.file('outlived'))).toBe(false)
    },
  )

  test('Ctrl-C in a terminal reaches the workers too, and is still graceful', async () => {
    await using folder = await createFolder({ 'app.py': GATED })
    await using taipan = serve(folder, ['app.py', '-p', '2', '-t', '2'])
    const url = await taipan.waitForUrl()
    using connection = await openRaw(url)
    connection.send(formatRequest({ target: '/gate' }))
    await taipan.waitForOutput(/gate reached/)
    const workers = await listChildren(taipan.pid)
    expect(workers.length).toBeGreaterThanOrEqual(2)
    for (const worker of workers) process.kill(worker, 'SIGINT')
    taipan.kill('SIGINT')
    await folder.write('open', '')
    const response = await connection.readFinalResponse()
    expect([response.status, response.text]).toEqual([200, 'through'])
    expect((await taipan.waitForExit()).exitCode).toBe(0)
    expect(taipan.output).not.toMatch(/KeyboardInterrupt/)
  })

  test.each([
    ['daemon', 'Node first'],
    ['daemon', 'the workers first'],
    ['embedded', 'Node first'],
    ['embedded', 'the workers first'],
  ])(
    'SIGTERM to every process, as systemd sends it, starts no process: %s, %s',
    async (engine, order) => {
      await using folder = await createFolder({
        'app.py': engine === 'daemon' ? GATED + HEARING : GATED,
      })
      await using taipan = serve(folder, ['app.py', '-e', engine, '-p', '2', '-t', '2'])
      const url = await taipan.waitForUrl()
      const workers = await listChildren(taipan.pid)
      expect(workers).toHaveLength(2)
      using connection = await openRaw(url)
      connection.send(formatRequest({ target: '/gate' }))
      await taipan.waitForOutput(/gate reached/)
      const all = order === 'Node first' ? [taipan.pid, ...workers] : [...workers, taipan.pid]
      for (const pid of all) process.kill(pid, 'SIGTERM')
      await taipan.waitForOutput(/stopping gracefully/)
      if (engine === 'daemon') await taipan.waitForOutput(/heard[^]*heard/)
      await folder.write('open', '')
      const response = await connection.readFinalResponse()
      expect([response.status, response.text]).toEqual([200, 'through'])
      expect((await taipan.waitForExit()).exitCode).toBe(0)
      expect(taipan.output).not.toMatch(/asked to end/)
      expect(taipan.output).not.toMatch(/ended with/)
    },
  )

  test.each(['daemon', 'embedded'])(
    'timeouts.shutdown of 0 lets requests finish however long they take, engine %s',
    async (engine) => {
      await using folder = await createFolder({
        'app.py': GATED,
        'config.json': JSON.stringify({ timeouts: { shutdown: 0 } }),
      })
      const args = ['app.py', '-e', engine, '-p', '1', '-t', '1', '--config', 'config.json']
      await using taipan = serve(folder, args)
      using connection = await openRaw(await taipan.waitForUrl())
      connection.send(formatRequest({ target: '/gate' }))
      await taipan.waitForOutput(/gate reached/)
      taipan.kill('SIGTERM')
      await taipan.waitForOutput(/stopping gracefully/)
      // Long enough to be cut off.
      await new Promise((resolve) => setTimeout(resolve, 500))
      await folder.write('open', '')
      expect((await connection.readFinalResponse()).text).toBe('through')
      expect((await taipan.waitForExit()).exitCode).toBe(0)
    },
  )

  test('a slow boot has nothing to reload at SIGHUP, and a stop ends it at once', async () => {
    await using folder = await createFolder({
      'app.py': app('return "x"', 'print("booting", flush=True)\ntime.sleep(60)'),
    })
    await using taipan = serve(folder, ['app.py', '-p', '1'])
    await taipan.waitForOutput(/booting/)
    taipan.kill('SIGHUP')
    await taipan.waitForOutput(/^SIGHUP: nothing is reloaded, because the server is starting$/m)
    taipan.kill('SIGTERM')
    const { output } = await taipan.waitForExit()
    expect(output).not.toMatch(/error/)
    expect(await listChildren(taipan.pid)).toEqual([])
  })
})

describe.each(['daemon', 'embedded'])('sent to every process, engine %s:', (engine) => {
  test('SIGQUIT lets requests finish and starts nobody', async () => {
    await using folder = await createFolder({ 'app.py': GATED })
    await using taipan = serve(folder, ['app.py', '-e', engine, '-p', '2', '-t', '2'])
    const url = await taipan.waitForUrl()
    const workers = await listChildren(taipan.pid)
    expect(workers).toHaveLength(2)
    using connection = await openRaw(url)
    connection.send(formatRequest({ target: '/gate' }))
    await taipan.waitForOutput(/gate reached/)
    for (const pid of [...workers, taipan.pid]) process.kill(pid, 'SIGQUIT')
    await taipan.waitForOutput(/SIGQUIT: stopping gracefully/)
    await folder.write('open', '')
    expect((await connection.readFinalResponse()).text).toBe('through')
    expect((await taipan.waitForExit()).exitCode).toBe(0)
    expect(taipan.output).not.toMatch(/ended with/)
  })

  test('SIGUSR2 does nothing, nor does SIGHUP to workers, and the log says what would', async () => {
    await using folder = await createFolder({ 'app.py': GATED })
    await using taipan = serve(folder, ['app.py', '-e', engine, '-p', '2', '-t', '2'])
    const url = await taipan.waitForUrl()
    const workers = await listChildren(taipan.pid)
    using connection = await openRaw(url)
    connection.send(formatRequest({ target: '/gate' }))
    await taipan.waitForOutput(/gate reached/)
    for (const pid of workers) process.kill(pid, 'SIGHUP')
    for (const pid of [...workers, taipan.pid]) process.kill(pid, 'SIGUSR2')
    await taipan.waitForOutput(/SIGUSR2: ignored; SIGHUP reloads/)
    await folder.write('open', '')
    expect((await connection.readFinalResponse()).text).toBe('through')
    expect(await listChildren(taipan.pid)).toEqual(workers)
    taipan.kill('SIGTERM')
    expect((await taipan.waitForExit()).exitCode).toBe(0)
  })
})

describe('SIGHUP', () => {
  test('loads new code without losing a request', async () => {
    await using folder = await createFolder({ 'app.py': app('return "one"') })
    await using taipan = serve(folder, ['app.py', '-p', '2'])
    const url = await taipan.waitForUrl()
    expect((await fetchRaw(url, '/')).text).toBe('one')
    await folder.write('app.py', app('return "two"'))
    taipan.kill('SIGHUP')
    const seen = await pollUntil(
      async () => {
        const response = await fetchRaw(url, '/')
        expect(response.status).toBe(200)
        return response.text === 'two' ? response.text : undefined
      },
      'the new code',
      { pause: 10 },
    )
    expect(seen).toBe('two')
    await pollUntil(
      async () => ((await listChildren(taipan.pid)).length === 2 ? true : undefined),
      'the old workers to leave',
    )
    for (let i = 0; i < 10; i++) expect((await fetchRaw(url, '/')).text).toBe('two')
  })

  test('a running request finishes on the old code', async () => {
    await using folder = await createFolder({ 'app.py': GATED })
    await using taipan = serve(folder, ['app.py', '-p', '1', '-t', '2'])
    const url = await taipan.waitForUrl()
    const worker = await workerOf(url)
    using connection = await openRaw(url)
    connection.send(formatRequest({ target: '/gate' }))
    await taipan.waitForOutput(/gate reached/)
    taipan.kill('SIGHUP')
    await pollUntil(
      async () => ((await workerOf(url)) === worker ? undefined : true),
      'a new worker',
    )
    await folder.write('open', '')
    expect((await connection.readFinalResponse()).text).toBe('through')
    await pollUntil(
      async () => ((await isRunning(worker)) ? undefined : true),
      'the old worker to leave',
    )
    expect(await atexitRan(folder, worker)).toBe(true)
  })

  test('code that cannot be loaded keeps the old', async () => {
    await using folder = await createFolder({ 'app.py': app('return "one"') })
    await using taipan = serve(folder, ['app.py', '-p', '1'])
    const url = await taipan.waitForUrl()
    await folder.write('app.py', 'syntax error\n')
    taipan.kill('SIGHUP')
    await taipan.waitForOutput(/SyntaxError/)
    for (let i = 0; i < 10; i++) expect((await fetchRaw(url, '/')).text).toBe('one')
    await folder.write('app.py', app('return "two"'))
    taipan.kill('SIGHUP')
    await pollUntil(
      async () => ((await fetchRaw(url, '/')).text === 'two' ? true : undefined),
      'the repaired code',
    )
  })
})

describe('SIGKILL of Node', () => {
  test.each([
    ['idle workers', undefined],
    ['a worker in a request', '/gate'],
    ['a worker with a stuck thread', '/stuck'],
  ])('leaves no orphan: %s', async (_name, target) => {
    await using folder = await createFolder({ 'app.py': GATED })
    await using taipan = serve(folder, ['app.py', '-p', '2', '-t', '2'])
    const url = await taipan.waitForUrl()
    await workerOf(url)
    const workers = await listChildren(taipan.pid)
    expect(workers.length).toBeGreaterThanOrEqual(2)
    using connection = await openRaw(url)
    if (target !== undefined) {
      connection.send(formatRequest({ target }))
      await taipan.waitForOutput(target === '/gate' ? /gate reached/ : /stuck now/)
    }
    taipan.kill('SIGKILL')
    await pollUntil(
      async () => {
        const left = await Promise.all(workers.map((pid) => isRunning(pid)))
        return left.some(Boolean) ? undefined : true
      },
      'the workers to leave',
      { deadline: 3500 },
    )
    if (target === undefined)
      for (const pid of workers) expect(await atexitRan(folder, pid)).toBe(true)
  })

  test('a starting worker ends, too', async () => {
    await using folder = await createFolder({
      'app.py': app('return "x"', 'print("booting %d" % os.getpid(), flush=True)\ntime.sleep(30)'),
    })
    await using taipan = serve(folder, ['app.py', '-p', '1'])
    const worker = Number((await taipan.waitForOutput(/booting \d+/)).split(' ')[1])
    taipan.kill('SIGKILL')
    await pollUntil(
      async () => ((await isRunning(worker)) ? undefined : true),
      'the worker to leave',
      { deadline: 5000 },
    )
  })
})
