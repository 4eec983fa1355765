import { execFileSync } from 'node:child_process'
import { Agent, request } from 'node:http'
import { createConnection } from 'node:net'

import { afterEach, describe, expect, test } from 'vitest'

import { launchTaipan, type RunningTaipan } from '../support/cli.ts'
import { openRaw } from '../support/raw-client.ts'
import { createProject, helloApp, type Project } from '../support/project.ts'
import {
  endStarted,
  get,
  isAlive,
  listReplicas,
  startReplicas,
  waitFor,
} from '../support/replicas.ts'

const EMBEDDED = ['-e', 'embedded', '-b', '127.0.0.1:0'] as const

const APP = `
import os, subprocess, sys, time
CODE = "first"
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow":
        os.write(2, b"slow reached\\n")
        while not os.path.exists("gate"):
            time.sleep(0.01)
    if path == "/flood":
        for _ in range(2048):
            os.write(1, b"f" * 1023 + b"\\n")
    if path == "/child":
        subprocess.run(["sh", "-c", "echo from a child"], check=True)
    if path == "/left":
        left = subprocess.Popen(["sleep", "300"], start_new_session=True)
    if path == "/stdin":
        text = repr(sys.stdin.read()) if sys.stdin else "none"
    elif path == "/multiprocess":
        text = repr(environ["wsgi.multiprocess"])
    elif path == "/code":
        text = CODE
    elif path == "/left":
        text = str(left.pid)
    else:
        text = str(os.getpid())
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]
`

/** An application that crashes in its fourth line. */
function crashingApp(call: string): string {
  return `
import ctypes, faulthandler, os
def fall():
    ${call}
def application(environ, start_response):
    if environ["PATH_INFO"] == "/crash":
        fall()
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]
`
}

function getBy(agent: Agent, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0)).once('error', reject)
    })
      .once('error', reject)
      .end()
  })
}

afterEach(endStarted)

async function start(project: Project, ...args: readonly string[]): Promise<RunningTaipan> {
  return await startReplicas(project, [...EMBEDDED, ...args])
}

describe('replicas', () => {
  test('serve a part each, and the parent nothing; wsgi.multiprocess is true', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project, '-p', '2')
    expect(taipan.output).toMatch(/ app\.py: WSGI application .*embedded, 2 processes/)
    const pids = await Promise.all(Array.from({ length: 20 }, () => get(taipan.url)))
    expect(new Set(pids)).toEqual(new Set(listReplicas(taipan).map(String)))
    expect(pids).not.toContain(String(taipan.pid))
    expect(await get(`${taipan.url}/multiprocess`)).toBe('True')
    const { exitCode } = await taipan.stop()
    expect(exitCode).toBe(0)
    expect(pids.some((pid) => isAlive(Number(pid)))).toBe(false)
  })

  test('log the address of a client that disconnected before Python got its request', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project, '-p', '2', '--log-format', 'json')
    using connection = await openRaw(taipan.url)
    const headers = 'Host: a.test\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n'
    connection.send(`POST /left-early HTTP/1.1\r\n${headers}\r\n`)
    // The body is incomplete, so Python has not got the request.
    await connection.waitUntil(() => connection.received > 0, '100 Continue')
    connection.reset()
    await taipan.waitForOutput(/"remote":"127\.0\.0\.1",[^\n]*"target":"\/left-early"/)
    await taipan.stop()
  })

  test('one process is a replica, too, with wsgi.multiprocess false', async () => {
    using project = createProject({ 'app.py': APP })
    const socket = project.path('x.sock')
    const taipan = await start(project, '-b', `unix:${socket}`)
    expect(await get(taipan.url)).not.toBe(String(taipan.pid))
    expect(await get(`${taipan.url}/multiprocess`)).toBe('False')
    const words = ['--unix-socket', socket, 'http://x/code', '-s']
    expect(execFileSync('curl', words, { encoding: 'utf8' })).toBe('first')
    await taipan.stop()
  })

  test('kill -9 of one costs its own connections; it is reported and replaced', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project, '-p', '2')
    const [first = 0] = listReplicas(taipan)
    process.kill(first, 'SIGKILL')
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(`${taipan.url}/code`)))
    expect(new Set(answers)).toEqual(new Set(['first']))
    await taipan.waitForOutput(new RegExp(`worker web/${first} ended with signal SIGKILL`))
    await waitFor(
      async () =>
        new Set(await Promise.all(Array.from({ length: 8 }, () => get(taipan.url)))).size === 2,
      'replacement',
    )
    expect(listReplicas(taipan)).not.toContain(first)
    await taipan.stop()
  })

  test.each([
    ['ctypes.string_at(0)', 'SIGSEGV'],
    ['faulthandler._sigsegv()', 'SIGSEGV'],
    ['os.abort()', 'SIGABRT'],
  ])('a crash by %s logs the stack of Python, and the replica is replaced', async (call, name) => {
    using project = createProject({ 'app.py': crashingApp(call) })
    const taipan = await start(project)
    const [first = 0] = listReplicas(taipan)
    await expect(get(`${taipan.url}/crash`)).rejects.toThrow('fetch failed')
    await taipan.waitForOutput(new RegExp(`worker web/${first} ended with signal ${name}`))
    expect(taipan.output).toMatch(/File ".*app\.py", line 4 in fall\n/)
    await waitFor(async () => (await get(taipan.url)) !== String(first), 'replacement')
    await taipan.stop()
  })

  test('kill -9 of the parent ends all replicas, even a busy one', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project, '-p', '2')
    const replicas = listReplicas(taipan)
    get(`${taipan.url}/slow`).catch(() => {})
    await taipan.waitForOutput(/slow reached/)
    taipan.kill('SIGKILL')
    await waitFor(() => !replicas.some(isAlive), 'end of the replicas')
  })

  test('a silent one is replaced', async () => {
    using project = createProject({
      'app.py': APP,
      'taipan.config.json': JSON.stringify({ timeouts: { ping: '1s' } }),
    })
    const taipan = await start(project, '--config', 'taipan.config.json')
    const [first = 0] = listReplicas(taipan)
    process.kill(first, 'SIGSTOP')
    await taipan.waitForOutput(
      new RegExp(
        `worker web/${first} sent nothing for \\d+ ms \\(timeouts\\.ping\\) and is killed`,
      ),
    )
    expect(await get(`${taipan.url}/code`)).toBe('first')
    await waitFor(() => !isAlive(first), 'end of the silent one')
    await taipan.stop()
  })

  test('a child that an application leaves behind keeps neither the port nor the stop', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project)
    const left = Number(await get(`${taipan.url}/left`))
    expect((await taipan.stop()).exitCode).toBe(0)
    expect(isAlive(left)).toBe(true)
    const { hostname, port } = new URL(taipan.url)
    await expect(
      new Promise((resolve, reject) => {
        createConnection(Number(port), hostname).once('connect', resolve).once('error', reject)
      }),
    ).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    process.kill(left, 'SIGKILL')
  })

  test('output of print, os.write and children, 2 MB at once, reaches the log; stdin is empty', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project)
    expect(await get(`${taipan.url}/stdin`)).toMatch(/^(''|none)$/)
    await get(`${taipan.url}/child`)
    await get(`${taipan.url}/flood`)
    await taipan.waitForOutput(/from a child\n/)
    await waitFor(() => taipan.output.split('f'.repeat(1023)).length === 2049, 'all of the flood')
    await taipan.stop()
  })

  test('log records of replicas have the configured format', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project, '--log-format', 'json')
    await get(`${taipan.url}/code`)
    await taipan.waitForOutput(/"target":"\/code"/)
    const { stdout } = await taipan.stop()
    for (const line of stdout.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('msg')
  })
})

describe('signals', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s lets running requests finish', async (signal) => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project, '-p', '2')
    const answer = get(`${taipan.url}/slow`)
    await taipan.waitForOutput(/slow reached/)
    taipan.kill(signal)
    await taipan.waitForOutput(/stopping gracefully/)
    project.write('gate', '')
    expect(await answer).toMatch(/^\d+$/)
    expect((await taipan.waitForExit()).exitCode).toBe(0)
  })

  test('a second SIGTERM ends the server and its replicas at once', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project)
    const replicas = listReplicas(taipan)
    get(`${taipan.url}/slow`).catch(() => {})
    await taipan.waitForOutput(/slow reached/)
    taipan.kill('SIGTERM')
    await taipan.waitForOutput(/stopping gracefully/)
    taipan.kill('SIGTERM')
    expect((await taipan.waitForExit()).exitCode).toBe(143)
    await waitFor(() => !replicas.some(isAlive), 'end of the replicas')
  })

  test('SIGTERM to one replica: it finishes, and another one replaces it', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project)
    const [first = 0] = listReplicas(taipan)
    process.kill(first, 'SIGTERM')
    await taipan.waitForOutput(/was asked to end from outside/)
    await waitFor(() => !isAlive(first), 'end of the replica')
    expect(await get(`${taipan.url}/code`)).toBe('first')
    await taipan.stop()
  })

  test('SIGINT and SIGHUP to a replica do nothing', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project)
    const [first = 0] = listReplicas(taipan)
    process.kill(first, 'SIGINT')
    process.kill(first, 'SIGHUP')
    expect(await get(taipan.url)).toMatch(/^\d+$/)
    expect(listReplicas(taipan)).toEqual([first])
    await taipan.stop()
  })

  test('SIGHUP starts new replicas without losing a request; broken code keeps the old ones', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project, '-p', '2')
    const before = listReplicas(taipan)
    project.write('app.py', APP.replace('"first"', '"second"'))
    taipan.kill('SIGHUP')
    await waitFor(async () => (await get(`${taipan.url}/code`)) === 'second', 'new code')
    await taipan.waitForOutput(/^reloaded$/m)
    await waitFor(() => !before.some(isAlive), 'end of the old replicas')
    project.write('app.py', 'raise RuntimeError("broken")\n')
    taipan.kill('SIGHUP')
    await taipan.waitForOutput(/not reloaded, the old code continues: .*broken/)
    expect(await get(`${taipan.url}/code`)).toBe('second')
    await taipan.stop()
  })

  test('a reload under load loses no request on keep-alive connections', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project, '-p', '2', '--no-access-log')
    const agent = new Agent({ keepAlive: true, maxSockets: 8 })
    const load = { over: false }
    const ask = async (): Promise<number> => {
      let answered = 0
      for (; !load.over; answered += 1) await getBy(agent, `${taipan.url}/code`)
      return answered
    }
    const clients = Array.from({ length: 8 }, ask)
    for (let i = 0; i < 2; i += 1) {
      const before = listReplicas(taipan)
      taipan.kill('SIGHUP')
      await waitFor(() => !before.some(isAlive), 'end of the old replicas')
    }
    load.over = true
    for (const answered of await Promise.all(clients)) expect(answered).toBeGreaterThan(10)
    agent.destroy()
    await taipan.stop()
  })

  test('--reload does the same when a file changes', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project, '--reload')
    project.write('app.py', APP.replace('"first"', '"second"'))
    await waitFor(async () => (await get(`${taipan.url}/code`)) === 'second', 'new code')
    await taipan.stop()
  })
})

describe('a start that fails', () => {
  test('because the application raises is exit code 3, with the traceback, without another attempt', async () => {
    using project = createProject({ 'app.py': 'raise RuntimeError("broken on purpose")\n' })
    const taipan = launchTaipan(['serve', 'app.py', ...EMBEDDED, '-p', '2'], {
      cwd: project.folder,
    })
    const { exitCode, output } = await taipan.waitForExit()
    expect(exitCode).toBe(3)
    expect(output.split('File "').length, output).toBe(2)
    expect(output).toMatch(
      /error: application app\.py could not be loaded: RuntimeError: broken on/,
    )
  })

  test('because it takes too long is exit code 3', async () => {
    using project = createProject({
      'app.py': `import time\ntime.sleep(60)\n${helloApp('x')}`,
      'taipan.config.json': JSON.stringify({ timeouts: { startup: '1s' } }),
    })
    const taipan = launchTaipan(
      ['serve', 'app.py', ...EMBEDDED, '--config', 'taipan.config.json'],
      {
        cwd: project.folder,
      },
    )
    const { exitCode, stderr } = await taipan.waitForExit()
    expect(stderr).toMatch(/error: application app\.py .*not ready within 1000 ms/)
    expect(exitCode).toBe(3)
  })

  test('because the address is in use is exit code 4', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project)
    const address = new URL(taipan.url).host
    const other = launchTaipan(['serve', 'app.py', '-e', 'embedded', '-b', address], {
      cwd: project.folder,
    })
    expect((await other.waitForExit()).exitCode).toBe(4)
    await taipan.stop()
  })

  test('because there is no Python is exit code 5', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = launchTaipan(['serve', 'app.py', ...EMBEDDED, '--python', '/nowhere'], {
      cwd: project.folder,
    })
    expect((await taipan.waitForExit()).exitCode).toBe(5)
  })
})
