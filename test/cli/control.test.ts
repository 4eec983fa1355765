import { execFile } from 'node:child_process'
import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { describe, expect, test } from 'vitest'

import { runTaipan, startTaipan } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject, helloApp } from '../support/project.ts'

const run = promisify(execFile)
const ENGINES = ['daemon', 'embedded'] as const
const NOBODY = 65_534

const BUSY = `
import threading, time
def wait_here(environ):
    while not __import__("os").path.exists("gate"):
        time.sleep(0.01)
def application(environ, start_response):
    if environ["PATH_INFO"] == "/wait":
        wait_here(environ)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"done"]
`

const BUSY_ASGI = `
import asyncio, os
async def wait_here():
    while not os.path.exists("gate"):
        await asyncio.sleep(0.01)
async def application(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    if scope["path"] == "/wait":
        await wait_here()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})
`

const SOCKET = ['--control', 'unix:run/control.sock'] as const

/** On a connection of its own: one that is kept may get one more answer of an old process. */
function get(url: string): Promise<Response> {
  return fetch(url, {
    headers: { Connection: 'close' },
    signal: AbortSignal.timeout(DEADLINE),
  })
}

describe.each(ENGINES)('a control address, %s:', (engine) => {
  const usual = ['app.py', '-b', '127.0.0.1:0', '-p', '1', '-e', engine, ...SOCKET]

  test('status, reload and stop', async () => {
    using project = createProject({ 'app.py': helloApp('one') })
    const cwd = project.folder
    await using taipan = await startTaipan(usual, { cwd })
    expect(await (await get(taipan.url)).text()).toBe('one')
    const status = await runTaipan(['status', ...SOCKET], { cwd })
    expect(status.exitCode).toBe(0)
    expect(status.stdout).toContain(`listening on ${taipan.url}`)
    expect(status.stdout).toMatch(/application app\.py \(wsgi\): served/)

    project.write('app.py', helloApp('two'))
    const reload = await runTaipan(['reload', ...SOCKET], { cwd })
    expect(reload).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^reloaded in/) })
    expect(await (await get(taipan.url)).text()).toBe('two')

    project.write('app.py', 'raise RuntimeError("three")\n')
    const failed = await runTaipan(['reload', ...SOCKET], { cwd })
    expect(failed.exitCode).toBe(3)
    expect(failed.stderr).toContain('raise RuntimeError("three")')
    expect(failed.stderr).toMatch(
      /error: not reloaded, the old code continues: .*RuntimeError: three/,
    )
    expect(await (await get(taipan.url)).text()).toBe('two')
    const json = await runTaipan(['status', '--json', ...SOCKET], { cwd })
    const parsed: unknown = JSON.parse(json.stdout)
    expect(parsed).toMatchObject({
      state: 'running',
      lastReload: { succeeded: false, traceback: expect.stringContaining('three') },
      groups: [{ name: 'web', engine, wanted: 1, workers: [{ state: 'ready' }] }],
    })

    const stop = await runTaipan(['stop', ...SOCKET], { cwd })
    expect(stop).toMatchObject({ exitCode: 0, stdout: 'stopped\n' })
    expect((await taipan.waitForExit()).exitCode).toBe(0)
    const late = await runTaipan(['status', ...SOCKET], { cwd })
    expect(late.exitCode).toBe(6)
    expect(late.stderr).toContain('is the server running')
  })

  test.each([
    ['wsgi', BUSY, 'thread'],
    ['asgi', BUSY_ASGI, 'task'],
  ] as const)('stacks show what a request does, %s', async (_interface, code, kind) => {
    using project = createProject({ 'app.py': code })
    const cwd = project.folder
    // Threads of its own: Node's thread could not answer.
    await using taipan = await startTaipan([...usual, '-t', '2'], { cwd })
    const pending = get(`${taipan.url}/wait`)
    await expect
      .poll(async () => (await runTaipan(['stacks', ...SOCKET], { cwd })).stdout, {
        timeout: DEADLINE,
      })
      .toContain('wait_here')
    const { stdout } = await runTaipan(['stacks', '--json', ...SOCKET], { cwd })
    const parsed: unknown = JSON.parse(stdout)
    const wanted: unknown = expect.objectContaining({
      kind,
      stack: expect.stringContaining('in wait_here'),
      request: expect.objectContaining({ method: 'GET', path: '/wait', application: 'app.py' }),
    })
    expect(parsed).toMatchObject({ workers: [{ stacks: expect.arrayContaining([wanted]) }] })
    project.write('gate', '')
    expect(await (await pending).text()).toBe('done')
  })
})

test('stacks show what the processes of requests do, and let them go on', async () => {
  using project = createProject({
    'site/wait.py':
      'import os, time\ndef wait_here():\n    while not os.path.exists("../gate"):\n        time.sleep(0.01)\nwait_here()\nprint("done")\n',
    'taipan.config.json': JSON.stringify({
      routes: [{ path: '/', scripts: 'site', isolation: 'fresh' }],
    }),
  })
  const cwd = project.folder
  await using taipan = await startTaipan(['-b', '127.0.0.1:0', ...SOCKET], { cwd })
  const pending = [get(`${taipan.url}/wait.py`), get(`${taipan.url}/wait.py`)]
  const readStacks = async (): Promise<string> =>
    (await runTaipan(['stacks', ...SOCKET], { cwd })).stdout
  await expect
    .poll(async () => (await readStacks()).split('in wait_here').length, { timeout: DEADLINE })
    .toBe(3)
  const stacks = await readStacks()
  expect(stacks).toMatch(/GET \/wait\.py/)
  expect(stacks).not.toContain('did not answer')
  project.write('gate', '')
  for (const answer of await Promise.all(pending)) expect(await answer.text()).toBe('done\n')
})

test('scale changes the number of processes', async () => {
  using project = createProject({ 'app.py': helloApp('one') })
  const cwd = project.folder
  const args = ['app.py', '-b', '127.0.0.1:0', '-p', '1', ...SOCKET]
  await using taipan = await startTaipan(args, { cwd })
  const scaled = await runTaipan(['scale', 'web', '3', ...SOCKET], { cwd })
  expect(scaled).toMatchObject({ exitCode: 0, stdout: 'group web has 3 processes now, or soon\n' })
  const countReady = async (): Promise<number> => {
    const { stdout } = await runTaipan(['status', ...SOCKET], { cwd })
    return [...stdout.matchAll(/^ +\d+ +ready /gm)].length
  }
  await expect.poll(countReady, { timeout: DEADLINE }).toBe(3)
  expect((await runTaipan(['scale', 'web', '1', ...SOCKET], { cwd })).exitCode).toBe(0)
  await expect.poll(countReady, { timeout: DEADLINE }).toBe(1)
  expect((await get(taipan.url)).status).toBe(200)
  const unknown = await runTaipan(['scale', 'wep', '1', ...SOCKET], { cwd })
  expect(unknown.stderr).toContain('Did you mean web?')
  expect(unknown.exitCode).toBe(6)
  expect((await runTaipan(['scale', 'web', 'many', ...SOCKET], { cwd })).exitCode).toBe(2)
  const beyond = await runTaipan(['scale', 'web', '5000', ...SOCKET], { cwd })
  expect(beyond.exitCode).toBe(2)
  expect(beyond.stderr).toContain('taipan scale web 5000: a group has at most 512 processes')
})

test('a group that scales itself takes no number above its most', async () => {
  const config = {
    app: 'app.py',
    bind: '127.0.0.1:0',
    control: 'unix:control.sock',
    processes: { min: 1, max: 2, idle: '10s' },
  }
  using project = createProject({
    'app.py': helloApp('one'),
    'taipan.config.json': JSON.stringify(config),
  })
  const cwd = project.folder
  await using taipan = await startTaipan([], { cwd })
  const refused = await runTaipan(['scale', 'web', '3'], { cwd })
  expect(refused.exitCode).toBe(6)
  expect(refused.stderr).toContain('group web scales itself, to at most 2 processes, found 3')
  expect((await runTaipan(['scale', 'web', '2'], { cwd })).exitCode).toBe(0)
  expect((await get(taipan.url)).status).toBe(200)
})

test('top without a terminal prints one snapshot', async () => {
  using project = createProject({ 'app.py': helloApp('one') })
  const cwd = project.folder
  await using taipan = await startTaipan(['app.py', '-b', '127.0.0.1:0', ...SOCKET], { cwd })
  await get(taipan.url)
  const { stdout, exitCode } = await runTaipan(['top', ...SOCKET], { cwd })
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/group +workers +running +queue/)
  expect(stdout).not.toContain('\u001B')
})

test('a port needs a token, and clients need the same', async () => {
  using project = createProject({
    'app.py': helloApp('one'),
    'taipan.config.json': JSON.stringify({
      app: 'app.py',
      bind: '127.0.0.1:0',
      control: { bind: '127.0.0.1:0', token: 'first-secret' },
    }),
  })
  const cwd = project.folder
  await using taipan = await startTaipan([], { cwd })
  const line = await taipan.waitForOutput(/controlled at http:\/\/127\.0\.0\.1:\d+/)
  const address = line.replace(/^.*\/\//, '')
  const env = { TAIPAN_CONTROL_TOKEN: 'first-secret' }
  expect((await runTaipan(['status', '--control', address], { cwd: '/', env })).exitCode).toBe(0)
  const wrong = { TAIPAN_CONTROL_TOKEN: 'other' }
  const refused = await runTaipan(['status', '--control', address], { cwd: '/', env: wrong })
  expect(refused).toMatchObject({ exitCode: 6, stderr: expect.stringContaining('token') })
  expect((await get(`http://${address}/status`)).status).toBe(401)
  const headers = { Authorization: 'Bearer first-secret' }
  expect((await fetch(`http://${address}/status`, { headers })).status).toBe(200)
})

test.each([
  ['127.0.0.1:0', 'needs a token'],
  ['0.0.0.0:9000', 'can be reached by other machines'],
  ['example.org:9000', 'can be reached by other machines'],
  ['fd:7', 'expected unix:PATH or a port'],
  ['nonsense', 'is not an address'],
])('--control %s is refused', async (address, words) => {
  using project = createProject({ 'app.py': helloApp('one') })
  const args = ['serve', 'app.py', '-b', '127.0.0.1:0', '--control', address]
  const { exitCode, stderr } = await runTaipan(args, { cwd: project.folder })
  expect(exitCode).toBe(2)
  expect(stderr).toContain(`--control: "${address}"`)
  expect(stderr).toContain(words)
})

test('without an address the commands say how to name one', async () => {
  using project = createProject()
  const { exitCode, stderr } = await runTaipan(['status'], { cwd: project.folder })
  expect(exitCode).toBe(2)
  expect(stderr).toContain('--control ADDR')
})

test.runIf(process.getuid?.() === 0)('another user is refused, whatever the mode is', async () => {
  using project = createProject({ 'app.py': helloApp('one') })
  const cwd = project.folder
  const args = ['app.py', '-b', '127.0.0.1:0', '--control', 'unix:run/control.sock']
  await using taipan = await startTaipan(args, { cwd })
  const path = join(cwd, 'run/control.sock')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(cwd, 'run')).mode & 0o777).toBe(0o700)
  const curl = ['-s', '-w', ' %{http_code}', '--unix-socket', path, 'http://localhost/status']
  const own = await run('curl', curl)
  expect(own.stdout).toMatch(/ 200$/)
  chmodSync(cwd, 0o755)
  chmodSync(join(cwd, 'run'), 0o755)
  chmodSync(path, 0o666)
  const foreign = await run('curl', curl, { uid: NOBODY, gid: NOBODY })
  expect(foreign.stdout).toMatch(/only the user of the server.* 403$/s)
  await taipan.waitForOutput(/user 65534 was refused/)
})

test.runIf(process.getuid?.() === 0)(
  'the user that the server becomes may control it',
  async () => {
    using project = createProject({ 'public/index.html': 'hello' })
    const cwd = project.folder
    chmodSync(cwd, 0o755)
    const args = [
      '--static',
      '/=public',
      '-b',
      '127.0.0.1:0',
      '--user',
      '#65534',
      '--group',
      '#65534',
      ...SOCKET,
    ]
    await using taipan = await startTaipan(args, { cwd, env: { HOME: '/' } })
    const curl = ['-s', '-w', ' %{http_code}', 'http://localhost/health']
    curl.push('--unix-socket', join(cwd, 'run/control.sock'))
    expect((await run('curl', curl, { uid: NOBODY, gid: NOBODY })).stdout).toMatch(/ 200$/)
    expect((await run('curl', curl)).stdout).toMatch(/ 200$/)
    expect((await taipan.stop()).exitCode).toBe(0)
  },
)
