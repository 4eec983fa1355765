import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runTaipan, startTaipan, type RunningTaipan } from '../support/cli.ts'
import { load } from '../support/constant-requests.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject, type Project } from '../support/project.ts'

const PYTHON = '/usr/bin/python3'
const isPossible = process.getuid?.() === 0 && process.platform === 'linux' && existsSync(PYTHON)

const APP = `
import json, os, resource, time

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    path = environ["PATH_INFO"]
    if path == "/die":
        os.kill(os.getpid(), 9)
    if path == "/fork":
        children = []
        try:
            while True:
                child = os.fork()
                if child == 0:
                    time.sleep(60)
                    os._exit(0)
                children.append(child)
        except BlockingIOError as error:
            for child in children:
                os.kill(child, 9)
                os.waitpid(child, 0)
            return [json.dumps([error.strerror, len(children)]).encode()]
    if path == "/grow":
        kept = []
        try:
            while True:
                kept.append(bytearray(16 * 1024 * 1024))
        except MemoryError:
            return [json.dumps(["MemoryError", len(kept)]).encode()]
    return [json.dumps([os.getpid(), os.getuid(), os.getppid()]).encode()]
`

const GROUPS = {
  user: 'nobody',
  python: PYTHON,
  bind: '127.0.0.1:0',
  apps: { one: { target: 'app.py', group: 'one' }, two: { target: 'app.py', group: 'two' } },
  groups: { one: { user: 'www-data' }, two: {} },
  routes: [
    { path: '/one', app: 'one' },
    { path: '/two', app: 'two' },
  ],
}

let project: Project

beforeAll(() => {
  project = createProject({ 'app.py': APP })
  chmodSync(project.folder, 0o777)
  project.write('groups.json', JSON.stringify(GROUPS))
})

afterAll(() => project[Symbol.dispose]())

async function start(args: readonly string[]): Promise<RunningTaipan> {
  return await startTaipan(args, { cwd: project.folder })
}

async function read(url: string): Promise<number[]> {
  const answer: number[] = JSON.parse(await (await fetch(url)).text())
  return answer
}

/** User ids and groups of all threads of a process, each once. */
function identities(pid: number): string[] {
  const lines = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')
      .split('\n')
      .filter((line) => /^(Uid|Gid|Groups|CapEff)/.test(line))
      .map((line) => line.replaceAll(/\s+/g, ' ').trim()),
  )
  return [...new Set(lines)].toSorted()
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`).length > 0
}

const NOBODY = [
  'CapEff: 0000000000000000',
  'Gid: 65534 65534 65534 65534',
  'Groups: 65534',
  'Uid: 65534 65534 65534 65534',
]

describe.skipIf(!isPossible)('the server', () => {
  test('is the user in all threads, and so are its workers, also later ones', async () => {
    const args = ['app.py', '-b', '127.0.0.1:0', '--python', PYTHON, '-u', 'nobody', '--strict']
    await using server = await start(args)
    const [first] = await read(server.url)
    expect(identities(server.pid)).toEqual(NOBODY)
    expect(identities(first ?? 0)).toEqual(NOBODY)
    await fetch(`${server.url}/die`)
    const [second, uid, parent] = await read(server.url)
    expect(second).not.toBe(first)
    expect({ uid, parent }).toEqual({ uid: 65534, parent: server.pid })
    expect(server.output).not.toContain('running as root')
    server.kill('SIGHUP')
    await server.waitForOutput(/^reloaded/m)
    expect((await read(server.url))[1]).toBe(65534)
  })

  test('reads a changed configuration as the user that it has become', async () => {
    const config = { app: 'app.py', user: 'nobody', python: PYTHON, bind: '127.0.0.1:0' }
    project.write('changed.json', JSON.stringify(config))
    await using server = await start(['--config', 'changed.json'])
    project.write('changed.json', JSON.stringify({ ...config, threads: 2 }))
    server.kill('SIGHUP')
    await server.waitForOutput(/^reloaded/m)
    expect(server.output).toContain('the configuration has changed')
    expect((await read(server.url))[1]).toBe(65534)
  })

  test('leaves its access log to the user, who opens it again', async () => {
    mkdirSync(project.path('logs'))
    const file = project.path('logs/access.log')
    const usual = ['app.py', '-b', '127.0.0.1:0', '--python', PYTHON, '-u', 'nobody']
    await using server = await start([...usual, '--access-file', file])
    expect(statSync(file).uid).toBe(65534)
    renameSync(file, `${file}.1`)
    writeFileSync(file, '')
    chownSync(file, 65534, 65534)
    server.kill('SIGUSR1')
    await server.waitForOutput(/log files are opened again/)
    await read(server.url)
    await expect.poll(() => readFileSync(file, 'utf8'), { timeout: DEADLINE }).toContain('GET /')
  })

  test('leaves its socket to the user', async () => {
    const socket = project.path('web.sock')
    const args = ['app.py', '-b', `unix:${socket}`, '--python', PYTHON, '-u', 'nobody']
    await using server = await start(args)
    expect(statSync(socket).uid).toBe(65534)
    const answer = await new Promise<string>((resolve, reject) => {
      request({ socketPath: socket }, (response) => resolve(text(response)))
        .on('error', reject)
        .end()
    })
    expect(answer).toContain('65534')
    await server.stop()
    expect(server.output).not.toContain('stays there after a stop')
    expect(existsSync(socket)).toBe(false)
  })

  test('says at the start that its socket stays in a folder of root', async () => {
    const folder = project.path('of-root')
    mkdirSync(folder, { mode: 0o755 })
    const socket = `${folder}/web.sock`
    const args = ['app.py', '-b', `unix:${socket}`, '--python', PYTHON, '-u', 'nobody']
    await using server = await start(args)
    const words = `the socket ${socket} stays there after a stop, because user nobody may not write to ${folder}`
    expect(server.output).toContain(words)
    await server.stop()
    expect(existsSync(socket)).toBe(true)
  })

  test('warns once as root without a user, and refuses with --strict', async () => {
    const args = ['app.py', '-b', '127.0.0.1:0', '--python', PYTHON]
    await using server = await start(args)
    expect(server.output.match(/running as root: name a user with --user/g)).toHaveLength(1)
    const { exitCode, output } = await runTaipan(['serve', ...args, '--strict'], {
      cwd: project.folder,
    })
    expect(output).toContain('--strict: the server would run as root')
    expect(exitCode).toBe(2)
  })
})

describe.skipIf(!isPossible)('workers of another user than the server', () => {
  test('are started, replaced and reloaded by the steward, who alone keeps the rights of root', async () => {
    await using server = await start(['--config', 'groups.json'])
    const [first = 0, uid, steward = 0] = await read(`${server.url}/one`)
    const [, other, parent] = await read(`${server.url}/two`)
    expect([uid, other, parent]).toEqual([33, 65534, server.pid])
    expect(identities(server.pid)).toEqual(NOBODY)
    expect(identities(steward)).toContain('Uid: 0 0 0 0')
    await fetch(`${server.url}/one/die`)
    await server.waitForOutput(/worker one\/\d+ ended with signal SIGKILL/)
    const [second = 0, again] = await read(`${server.url}/one`)
    expect(second).not.toBe(first)
    expect(again).toBe(33)
    server.kill('SIGHUP')
    await server.waitForOutput(/^reloaded/m)
    const [third = 0, still, keeper] = await read(`${server.url}/one`)
    expect([still, keeper]).toEqual([33, steward])
    expect(third).not.toBe(second)
    const { exitCode, output } = await server.stop()
    expect(exitCode).toBe(0)
    expect(output).not.toMatch(/ended by SIG/)
    await expect.poll(() => [third, steward].filter(isAlive), { timeout: DEADLINE }).toEqual([])
  })

  test('keep what they are when a changed configuration would need the rights of root', async () => {
    project.write('later.json', JSON.stringify(GROUPS))
    await using server = await start(['--config', 'later.json'])
    for (const one of [{ user: 'www-data', threads: 2 }, { user: 'daemon' }]) {
      const from = server.output.length
      project.write('later.json', JSON.stringify({ ...GROUPS, groups: { one, two: {} } }))
      server.kill('SIGHUP')
      await server.waitForOutput(/groups\.one: its processes need rights that .*; restart/, from)
      expect((await read(`${server.url}/one`))[1]).toBe(33)
    }
    const from = server.output.length
    project.write('later.json', JSON.stringify({ ...GROUPS, user: 'www-data' }))
    server.kill('SIGHUP')
    await server.waitForOutput(/user: who the server is cannot be changed/, from)
    expect((await read(`${server.url}/two`))[1]).toBe(65534)
  })

  test('stay with their steward while everything else changes, without a lost request', async () => {
    project.write('others.json', JSON.stringify(GROUPS))
    await using server = await start(['--config', 'others.json'])
    const [first = 0, , steward = 0] = await read(`${server.url}/one`)
    const requests = load(server.url, '/one')
    const routes = [...GROUPS.routes, { path: '/more', app: 'two' }]
    const groups = { ...GROUPS.groups, two: { threads: 2 } }
    project.write('others.json', JSON.stringify({ ...GROUPS, routes, groups }))
    server.kill('SIGHUP')
    await server.waitForOutput(/^reloaded/m)
    expect((await read(`${server.url}/more`))[1]).toBe(65534)
    const [second = 0, uid, keeper] = await read(`${server.url}/one`)
    expect([uid, keeper]).toEqual([33, steward])
    expect(second).not.toBe(first)
    const alone = { ...GROUPS, routes: [{ path: '/', app: 'two' }], groups: { two: {} } }
    const answers = await requests.stop()
    expect(answers.filter((answer) => !/^200 \[\d+, 33, /.test(answer))).toEqual([])
    project.write('others.json', JSON.stringify({ ...alone, apps: { two: GROUPS.apps.two } }))
    server.kill('SIGHUP')
    await expect
      .poll(async () => (await read(`${server.url}/one`))[1], { timeout: DEADLINE })
      .toBe(65534)
    project.write('others.json', JSON.stringify(GROUPS))
    server.kill('SIGHUP')
    await expect
      .poll(async () => (await read(`${server.url}/one`))[1], { timeout: DEADLINE })
      .toBe(33)
    expect((await read(`${server.url}/one`))[2]).toBe(steward)
    expect((await server.stop()).exitCode).toBe(0)
    await expect.poll(() => isAlive(steward), { timeout: DEADLINE }).toBe(false)
  })

  test('end with the server, however that ends', async () => {
    await using server = await start(['--config', 'groups.json'])
    const [worker = 0, , steward = 0] = await read(`${server.url}/one`)
    server.kill('SIGKILL')
    await expect.poll(() => [worker, steward].filter(isAlive), { timeout: DEADLINE }).toEqual([])
  })

  test('are replaced no more when the steward was killed, and the log says why', async () => {
    await using server = await start(['--config', 'groups.json'])
    const [, , steward = 0] = await read(`${server.url}/one`)
    process.kill(steward, 'SIGKILL')
    await server.waitForOutput(/workers of group one can no longer be started/)
    expect((await fetch(`${server.url}/one`)).status).toBe(503)
    expect((await read(`${server.url}/two`))[1]).toBe(65534)
  })
})

describe.skipIf(!isPossible)('scripts that must belong to somebody', () => {
  test('are 403 and not loaded while they do not, or their folder does not', async () => {
    using site = createProject({ 'app.py': APP })
    const [file, folder] = [site.path('app.py'), site.folder]
    const own = (uid: number, mode = 0o644): void => {
      chownSync(file, uid, 33)
      chmodSync(file, mode)
    }
    chownSync(folder, 33, 33)
    chmodSync(folder, 0o755)
    own(65534)
    const args = ['app.py', '-b', '127.0.0.1:0', '--python', PYTHON, '--script-user', 'www-data']
    await using server = await startTaipan(args, { cwd: folder })
    const status = async (): Promise<number> => (await fetch(server.url)).status
    expect(await status()).toBe(403)
    expect(server.output).toContain(
      `app.py: not served, answered with 403 and tried again: the application could not be loaded: ${file} belongs to user 65534, and must belong to www-data`,
    )
    own(33)
    await expect.poll(status, { timeout: DEADLINE }).toBe(200)
    own(33, 0o664)
    expect(await status()).toBe(403)
    own(33)
    expect(await status()).toBe(200)
    chmodSync(folder, 0o777)
    expect(await status()).toBe(403)
  })

  test('in a folder of scripts, by group', async () => {
    using site = createProject({ 'scripts/a.py': 'print("Content-Type: text/plain\\n\\nhi")' })
    const config = {
      bind: '127.0.0.1:0',
      python: PYTHON,
      scriptGroup: 'www-data',
      routes: [{ path: '/', scripts: 'scripts' }],
    }
    site.write('c.json', JSON.stringify(config))
    chownSync(site.path('scripts'), 0, 33)
    chownSync(site.path('scripts/a.py'), 0, 33)
    chmodSync(site.path('scripts/a.py'), 0o664)
    await using server = await startTaipan(['--config', 'c.json'], { cwd: site.folder })
    const status = async (): Promise<number> => (await fetch(`${server.url}/a.py`)).status
    expect(await status()).toBe(200)
    chownSync(site.path('scripts/a.py'), 0, 0)
    expect(await status()).toBe(403)
  })

  test('are files, not modules', async () => {
    const words = ['serve', 'app', '--app-dir', '.', '--script-user', 'www-data']
    const { exitCode, output } = await runTaipan(words, { cwd: project.folder })
    expect(output).toContain('are about files, and application')
    expect(exitCode).toBe(2)
  })
})

describe.skipIf(!isPossible)('limits of the system', () => {
  const limited = (limits: object) =>
    JSON.stringify({
      ...GROUPS,
      ...limits,
      groups: { one: {}, two: { user: '#12345', group: '#12345' } },
    })

  test('end a fork bomb, whose worker goes on', async () => {
    project.write('limits.json', limited({ resourceLimits: { processes: 40 } }))
    await using server = await start(['--config', 'limits.json'])
    const answer: unknown = await (await fetch(`${server.url}/two/fork`)).json()
    expect(answer).toEqual(['Resource temporarily unavailable', expect.any(Number)])
    expect((await read(`${server.url}/two`))[1]).toBe(12345)
  })

  test('make more memory a MemoryError', async () => {
    project.write('limits.json', limited({ memoryLimit: { hard: '256mb' } }))
    await using server = await start(['--config', 'limits.json'])
    const [error, pieces] = await read(`${server.url}/one/grow`)
    expect(error).toBe('MemoryError')
    expect(pieces).toBeLessThan(16)
    expect((await read(`${server.url}/one`))[1]).toBe(65534)
  })

  test('that keep a worker from starting are told', async () => {
    project.write('limits.json', limited({ memoryLimit: { hard: '2mb' } }))
    const { exitCode, output } = await runTaipan(['serve', '--config', 'limits.json'], {
      cwd: project.folder,
    })
    expect(output).toMatch(/memory|MemoryError|ended with/i)
    expect(exitCode).not.toBe(0)
  })
})
