import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'

import { describe, expect, test } from 'vitest'

import { launchTaipan, runTaipan, startTaipan, type RunningTaipan } from '../support/cli.ts'
import { createProject, helloApp } from '../support/project.ts'
import { DEADLINE } from '../support/deadlines.ts'

const FREE = ['-b', '127.0.0.1:0'] as const

async function get(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE) })
  return `${response.status} ${await response.text()}`
}

async function waitFor(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + DEADLINE
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`no ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Whether a process runs; the application reports the pids of workers at /pid. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

const GATED = `
import os, sys, time
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow":
        print("slow reached", flush=True)
        while not os.path.exists("gate"):
            time.sleep(0.01)
    text = str(os.getpid()) if path == "/pid" else repr(sys.argv)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]
import atexit
atexit.register(lambda: open("left", "w").close())
`

describe('serving', () => {
  test('an application, announced once it answers; its argv is only the target', async () => {
    using project = createProject({ 'app.py': GATED })
    const taipan = await startTaipan(['app.py', ...FREE, '-p', '1'], { cwd: project.folder })
    expect(taipan.output).toMatch(/listening on http:\/\/127\.0\.0\.1:\d+\n/)
    expect(await get(taipan.url)).toBe("200 ['app.py']")
    expect((await taipan.stop()).exitCode).toBe(0)
  })

  test('several addresses, each announced', async () => {
    using project = createProject({ 'app.py': helloApp('hi') })
    const socket = project.path('x.sock')
    const taipan = await startTaipan(['app.py', ...FREE, ...FREE, '-b', `unix:${socket}`], {
      cwd: project.folder,
    })
    expect(taipan.urls).toHaveLength(3)
    expect(taipan.urls[2]).toBe(`unix:${socket}`)
    for (const url of taipan.urls.slice(0, 2)) expect(await get(url)).toBe('200 hi')
    await taipan.stop()
    expect(existsSync(socket)).toBe(false)
  })

  test('--mount, --static, --callable, --app-dir, --env and --env-file', async () => {
    using project = createProject({
      'code/shop.py': `
import os
def main(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["|".join([environ["SCRIPT_NAME"], environ["PATH_INFO"], os.environ["A"], os.environ["B"], str("TAIPAN_THREADS" in os.environ)]).encode()]
`,
      'files/a.txt': 'file a',
      'one.env': 'A=file\nB="two\nlines"\n',
    })
    const options = [
      '--mount',
      '/shop',
      '--static',
      '/shop/files=files',
      '--callable',
      'main',
      '--app-dir',
      'code',
    ]
    const taipan = await startTaipan(
      ['shop', ...options, '--env-file', 'one.env', '--env', 'A=flag', ...FREE],
      {
        cwd: project.folder,
        env: { TAIPAN_THREADS: '2' },
      },
    )
    expect(await get(`${taipan.url}/shop/x`)).toBe('200 /shop|/x|flag|two\nlines|False')
    expect(await get(`${taipan.url}/shop/files/a.txt`)).toBe('200 file a')
    expect(await get(`${taipan.url}/shop/files/b.txt`)).toBe(
      '200 /shop|/files/b.txt|flag|two\nlines|False',
    )
    expect(await get(`${taipan.url}/shopx`)).toMatch(/^404/)
    await taipan.stop()
  })

  const PREFIXED = `
def wsgi(environ, start_response):
    keys = ["SCRIPT_NAME", "PATH_INFO", "REQUEST_URI", "QUERY_STRING"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [" ".join(environ[key] for key in keys).encode()]
async def asgi(scope, receive, send):
    body = f"{scope['root_path']} {scope['path']} {scope['raw_path'].decode()}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
`

  test.each(['daemon', 'embedded'])(
    '--root-path for a proxy that strips it, %s',
    async (engine) => {
      using project = createProject({ 'main.py': PREFIXED, 'files/a.txt': 'file a' })
      const options = ['--root-path', '/api', '--static', '/api/files=files', '-e', engine, ...FREE]
      const wsgi = await startTaipan(['main:wsgi', ...options], { cwd: project.folder })
      // The second request of a connection is sent in a shorter form.
      for (const [target, answer] of [
        ['/x?y', '/api /x /api/x?y y'],
        ['/z', '/api /z /api/z '],
        ['/', '/api / /api/ '],
      ] as const)
        expect(await get(wsgi.url + target)).toBe(`200 ${answer}`)
      expect(await get(`${wsgi.url}/files/a.txt`)).toBe('200 file a')
      await wsgi.waitForOutput(/GET \/x\?y/)
      await wsgi.stop()
      const asgi = await startTaipan(['main:asgi', ...options], { cwd: project.folder })
      expect(await get(`${asgi.url}/x%20y`)).toBe('200 /api /api/x y /api/x%20y')
      expect(await get(`${asgi.url}/z`)).toBe('200 /api /api/z /api/z')
      await asgi.stop()
    },
  )

  test('a configuration file with two groups, found automatically', async () => {
    using project = createProject({
      'one.py': `import os\nX = os.environ["X"]\n${helloApp('one')}`,
      'two.py': `import os\nX = os.environ["X"]\n${helloApp('two {script} {path}')}`,
      'taipan.config.ts': `import { defineConfig } from 'taipan'
export default defineConfig({
  bind: '127.0.0.1:0',
  groups: { a: {}, b: { threads: 1 } },
  apps: {
    one: { target: 'one.py', group: 'a', env: { X: '1' } },
    two: { target: 'two', group: 'b', env: { X: '2' } },
  },
  routes: [{ path: '/', app: 'one' }, { path: '/two', app: 'two' }, { path: '/old', redirect: '/two' }],
})`,
    })
    const taipan = await startTaipan([], { cwd: project.folder })
    expect(await get(taipan.url)).toBe('200 one')
    expect(await get(`${taipan.url}/two/x`)).toBe('200 two /two /x')
    expect(await get(`${taipan.url}/old/y`)).toBe('200 two /two /y')
    await taipan.stop()
  })

  test('--log-format json writes one object per line, also for the announcement', async () => {
    using project = createProject({ 'app.py': helloApp('hi') })
    const taipan = await startTaipan(['app.py', ...FREE, '--log-format', 'json'], {
      cwd: project.folder,
    })
    await get(`${taipan.url}/logged`)
    await taipan.waitForOutput(/"target":"\/logged"/)
    const { stdout } = await taipan.stop()
    const records = stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(records).toContainEqual(
      expect.objectContaining({
        url: expect.stringMatching(/^http/),
        msg: expect.stringContaining('listening on'),
      }),
    )
    expect(records).toContainEqual(
      expect.objectContaining({ target: '/logged', status: 200, application: 'app.py' }),
    )
  })

  test('--no-access-log and --log-level', async () => {
    using project = createProject({ 'app.py': helloApp('hi') })
    const taipan = await startTaipan(
      ['app.py', ...FREE, '--no-access-log', '--log-level', 'warn'],
      { cwd: project.folder },
    )
    await get(`${taipan.url}/logged`)
    const { output } = await taipan.stop()
    expect(output).toContain('listening on')
    expect(output).not.toContain('/logged')
  })
})

describe('stopping', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s lets a running request finish, runs atexit, and ends with 0',
    async (signal) => {
      using project = createProject({ 'app.py': GATED })
      const taipan = await startTaipan(['app.py', ...FREE], { cwd: project.folder })
      const slow = get(`${taipan.url}/slow`)
      await taipan.waitForOutput(/slow reached/)
      taipan.kill(signal)
      await taipan.waitForOutput(/stopping gracefully/)
      await expect(get(taipan.url)).rejects.toThrow(/fetch failed/)
      project.write('gate', '')
      expect(await slow).toBe("200 ['app.py']")
      expect((await taipan.waitForExit()).exitCode).toBe(0)
      expect(existsSync(project.path('left'))).toBe(true)
    },
  )

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('a second %s ends at once, and leaves no worker', async (signal, exitCode) => {
    using project = createProject({ 'app.py': GATED })
    const taipan = await startTaipan(['app.py', ...FREE, '-p', '1'], { cwd: project.folder })
    const pid = Number((await get(`${taipan.url}/pid`)).slice(4))
    const slow = get(`${taipan.url}/slow`).catch(() => 'cut')
    await taipan.waitForOutput(/slow reached/)
    taipan.kill(signal)
    await taipan.waitForOutput(/stopping gracefully/)
    taipan.kill(signal)
    expect((await taipan.waitForExit()).exitCode).toBe(exitCode)
    expect(await slow).toBe('cut')
    await waitFor(() => !isAlive(pid), 'end of the worker')
  })

  test('one stop signal that arrives twice, as from timeout(1), stops an idle server gracefully', async () => {
    using project = createProject({ 'app.py': GATED })
    const taipan = await startTaipan(['app.py', ...FREE], { cwd: project.folder })
    taipan.kill('SIGTERM')
    taipan.kill('SIGTERM')
    expect((await taipan.waitForExit()).exitCode).toBe(0)
    expect(existsSync(project.path('left'))).toBe(true)
  })

  test('a signal during the start stops it, too', async () => {
    using project = createProject({
      'app.py': `print("loading", flush=True)\nimport time\ntime.sleep(30)\n`,
    })
    const taipan = launchTaipan(['serve', 'app.py', ...FREE], { cwd: project.folder })
    await taipan.waitForOutput(/loading/)
    const ended = await taipan.stop()
    expect(ended.exitCode).toBe(0)
    expect(ended.stdout).not.toContain('listening')
  })
})

const STARTS = {
  slow: 'import time\ntime.sleep(60)\n',
  leaving: 'import os\nos._exit(7)\n',
}

async function serveChanging(
  args: readonly string[],
): Promise<{ taipan: RunningTaipan; project: ReturnType<typeof createProject> }> {
  const project = createProject({ 'app.py': helloApp('one') })
  const taipan = await startTaipan(['app.py', ...FREE, ...args], { cwd: project.folder })
  return { taipan, project }
}

describe('reloading', () => {
  test('SIGHUP loads new code, and keeps the old when the new is broken', async () => {
    const { taipan, project } = await serveChanging(['--no-script-reloading'])
    using _project = project
    project.write('app.py', helloApp('two'))
    expect(await get(taipan.url)).toBe('200 one')
    taipan.kill('SIGHUP')
    await taipan.waitForOutput(/^reloaded/m)
    expect(await get(taipan.url)).toBe('200 two')
    project.write('app.py', 'def application(:\n')
    taipan.kill('SIGHUP')
    await taipan.waitForOutput(/SyntaxError/)
    expect(await get(taipan.url)).toBe('200 two')
    expect((await taipan.stop()).exitCode).toBe(0)
  })

  test('--reload does so when a file changes', async () => {
    const { taipan, project } = await serveChanging(['--reload'])
    using _project = project
    project.write('app.py', helloApp('two'))
    await waitFor(async () => (await get(taipan.url)) === '200 two', 'new answer')
    project.write('app.py', 'raise RuntimeError("not now")\n')
    await taipan.waitForOutput(/RuntimeError: not now/)
    expect(await get(taipan.url)).toBe('200 two')
    project.write('app.py', helloApp('three'))
    await waitFor(async () => (await get(taipan.url)) === '200 three', 'new answer')
    await taipan.stop()
  })

  test('--dev starts with a broken application, shows the traceback, and recovers', async () => {
    using project = createProject({ 'app.py': 'raise RuntimeError("not yet")\n' })
    const taipan = await startTaipan(['app.py', ...FREE, '--dev'], { cwd: project.folder })
    expect(await get(taipan.url)).toMatch(/^503 [^]*RuntimeError: not yet/)
    project.write('app.py', helloApp('now'))
    await waitFor(async () => (await get(taipan.url)) === '200 now', 'new answer')
    await taipan.stop()
  })
})

describe('a start that fails', () => {
  test.each<[string, string, RegExp]>([
    [
      'an exception',
      'import os\nraise RuntimeError("broken")\n',
      /Traceback[^]*app\.py", line 2[^]*RuntimeError: broken/,
    ],
    ['a syntax error', 'def application(:\n', /app\.py", line 1[^]*SyntaxError/],
    ['no callable', 'x = 1\n', /application, app, handler, create_app\(\)/],
    ['sys.exit', 'import sys\nsys.exit(0)\n', /SystemExit|sys\.exit|exit/],
    ['os._exit', 'import os\nos._exit(0)\n', /error: application app\.py could not be loaded/],
  ])('because of %s is exit code 3', async (_what, source, message) => {
    using project = createProject({ 'app.py': source })
    const { exitCode, output, stderr } = await runTaipan(['serve', 'app.py', ...FREE], {
      cwd: project.folder,
    })
    expect(output).toMatch(message)
    expect(exitCode).toBe(3)
    expect(stderr).not.toMatch(/^\s+at |python\/taipan|node:/m)
    expect(stderr.match(/^error: /gm)).toHaveLength(1)
  })

  test.each(['missing.py', 'missing_module:app', './missing'])(
    'because %s does not exist is exit code 3',
    async (target) => {
      using project = createProject()
      const { exitCode, stderr } = await runTaipan(['serve', target, ...FREE], {
        cwd: project.folder,
      })
      expect(stderr).toContain('missing')
      expect(exitCode).toBe(3)
    },
  )

  const late = 'it was not ready within 1000 ms (timeouts.startup)'
  const gone = 'the worker ended with exit code 7 before it was ready'

  test.each([
    [['slow'], `application app0 (app0.py) could not be loaded: ${late}`],
    [['leaving'], `application app0 (app0.py) could not be loaded: ${gone}`],
  ] as const)(
    'because %j is never ready is exit code 3, and the message names it',
    async (kinds, why) => {
      const names = kinds.map((_, number) => `app${number}`)
      const config = {
        timeouts: { startup: kinds[0] === 'slow' ? '1s' : '20s' },
        apps: Object.fromEntries(names.map((name) => [name, { target: `${name}.py` }])),
        routes: names.map((name) => ({ path: `/${name}`, app: name })),
      }
      using project = createProject({
        ...Object.fromEntries(kinds.map((kind, number) => [`app${number}.py`, STARTS[kind]])),
        'taipan.config.json': JSON.stringify(config),
      })
      const { exitCode, stderr } = await runTaipan(
        ['serve', '--config', 'taipan.config.json', ...FREE],
        { cwd: project.folder },
      )
      expect(stderr).toContain(`error: ${why}`)
      expect(exitCode).toBe(3)
    },
  )

  test('because the port is in use is exit code 4', async () => {
    using project = createProject({ 'app.py': helloApp('hi') })
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => {
      other.once('listening', resolve)
    })
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { exitCode, stderr } = await runTaipan(['serve', 'app.py', '-b', `127.0.0.1:${port}`], {
      cwd: project.folder,
    })
    other.close()
    expect([exitCode, stderr]).toEqual([4, expect.stringMatching(new RegExp(`^error: .*${port}`))])
  })

  test('because a Unix socket is in use or is a file is exit code 4; a stale one is replaced', async () => {
    using project = createProject({ 'app.py': helloApp('hi'), 'file.sock': 'precious' })
    const first = await startTaipan(['app.py', '-b', 'unix:x.sock'], { cwd: project.folder })
    const second = await runTaipan(['serve', 'app.py', '-b', 'unix:x.sock'], {
      cwd: project.folder,
    })
    expect(second.exitCode).toBe(4)
    first.kill('SIGKILL')
    await first.waitForExit()
    expect(existsSync(project.path('x.sock'))).toBe(true)
    const third = await startTaipan(['app.py', '-b', 'unix:x.sock'], { cwd: project.folder })
    expect((await third.stop()).exitCode).toBe(0)
    const file = await runTaipan(['serve', 'app.py', '-b', 'unix:file.sock'], {
      cwd: project.folder,
    })
    expect(file.exitCode).toBe(4)
    expect(readFileSync(project.path('file.sock'), 'utf8')).toBe('precious')
  })

  test('because the folder of a Unix socket is missing is exit code 4', async () => {
    using project = createProject({ 'app.py': helloApp('one') })
    const address = `unix:${project.path('nowhere/app.sock')}`
    const { exitCode, stderr } = await runTaipan(['serve', 'app.py', '-b', address], {
      cwd: project.folder,
    })
    expect(exitCode).toBe(4)
    expect(stderr).toContain('the folder does not exist')
  })

  test('because there is no such Python is exit code 5', async () => {
    using project = createProject({ 'app.py': helloApp('hi') })
    const { exitCode, stderr } = await runTaipan(
      ['serve', 'app.py', '--python', '/nowhere/python'],
      { cwd: project.folder },
    )
    expect([exitCode, stderr]).toEqual([
      5,
      expect.stringMatching(/^error: --python: \/nowhere\/python does not exist; name/),
    ])
  })
})

describe('a start that fails in part', () => {
  const BROKEN = 'raise RuntimeError("broken")\n'

  interface Parts {
    readonly [file: string]: string
  }

  /** Applications by file name, each in its own group if `apart`. */
  function createConfig(files: Parts, { apart = false, ...more }: Record<string, unknown>): Parts {
    const names = Object.keys(files).map((file) => file.replace('.py', ''))
    const apps = Object.fromEntries(
      names.map((name) => [name, { target: `${name}.py`, ...(apart === true && { group: name }) }]),
    )
    const groups = Object.fromEntries(names.map((name) => [name, {}]))
    const routes = names.map((name) => ({ path: `/${name}`, app: name }))
    const config = { processes: 2, apps, routes, ...(apart === true && { groups }), ...more }
    return { ...files, 'taipan.config.json': JSON.stringify({ bind: FREE[1], ...config }) }
  }

  test.each([
    ['in one group', 'daemon', false],
    ['in groups of their own', 'daemon', true],
    ['in one group', 'embedded', false],
    ['in groups of their own', 'embedded', true],
  ])('%s (%s): the others are served, and the failed one is named', async (_how, engine, apart) => {
    const files = { 'bad.py': BROKEN, 'good.py': helloApp('good') }
    using project = createProject(createConfig(files, { engine, apart }))
    const taipan = await startTaipan([], { cwd: project.folder })
    expect(await get(`${taipan.url}/good`)).toBe('200 good')
    for (let i = 0; i < 4; i++) expect(await get(`${taipan.url}/bad`)).toMatch(/^503 /)
    project.write('bad.py', helloApp('mended'))
    await waitFor(async () => (await get(`${taipan.url}/bad`)) === '200 mended', 'mended answer')
    const { output, exitCode } = await taipan.stop()
    expect(output).toMatch(/warning bad: not served, answered with 503 and tried again: .*broken/)
    expect(output.match(/Traceback/g), output).toHaveLength(1)
    expect(output).toMatch(/error application bad could not be loaded: RuntimeError: broken/)
    expect(exitCode).toBe(0)
  })

  test('static files are served without their application', async () => {
    using project = createProject({ 'app.py': BROKEN, 'files/a.txt': 'file' })
    const taipan = await startTaipan(['app.py', '--static', '/files=files', ...FREE], {
      cwd: project.folder,
    })
    expect(await get(`${taipan.url}/files/a.txt`)).toBe('200 file')
    expect(await get(taipan.url)).toMatch(/^503 /)
    const { output } = await taipan.stop()
    expect(output.match(/Traceback/g), output).toHaveLength(1)
  })

  test.each([
    ['daemon', false],
    ['daemon', true],
    ['embedded', false],
    ['embedded', true],
  ])('is exit code 3 when nothing can be served (%s, %s)', async (engine, apart) => {
    const files = { 'bad.py': BROKEN, 'worse.py': BROKEN.replace('broken', 'worse') }
    using project = createProject(createConfig(files, { engine, apart, processes: 1 }))
    const { exitCode, output } = await runTaipan(['serve'], { cwd: project.folder })
    expect(exitCode).toBe(3)
    expect(output.match(/^RuntimeError: .*$/gm)?.toSorted()).toEqual([
      'RuntimeError: broken',
      'RuntimeError: worse',
    ])
    expect(output).toMatch(/error: application bad could not be loaded: RuntimeError: broken/)
  })
})

describe('check', () => {
  test('shows the Python and that the application loads', async () => {
    using project = createProject({ 'app.py': helloApp('hi') })
    const { exitCode, stdout } = await runTaipan(['check', 'app.py'], { cwd: project.folder })
    expect(exitCode).toBe(0)
    for (const word of [
      'python',
      'chosen by',
      'version',
      'prefix',
      'libpython',
      'sys.path',
      'loads       yes',
    ])
      expect(stdout).toContain(word)
  })

  test('shows the traceback and ends with 3 if it does not load', async () => {
    using project = createProject({ 'app.py': 'raise RuntimeError("broken")\n' })
    const { exitCode, stdout } = await runTaipan(['check', 'app.py'], { cwd: project.folder })
    expect(exitCode).toBe(3)
    expect(stdout).toMatch(/loads {7}no[^]*app\.py", line 1[^]*RuntimeError: broken/)
  })

  test('as JSON', async () => {
    using project = createProject({ 'app.py': `print("noise")\n${helloApp('hi')}` })
    const { stdout } = await runTaipan(['check', 'app.py', '--json'], { cwd: project.folder })
    expect(JSON.parse(stdout)).toMatchObject([
      {
        group: 'web',
        python: { version: expect.stringMatching(/^3\./) },
        applications: [{ target: 'app.py', loads: true }],
      },
    ])
  })

  test('without Python is exit code 5', async () => {
    using project = createProject({ 'app.py': helloApp('hi') })
    writeFileSync(project.path('no-python'), '')
    const { exitCode, stderr } = await runTaipan(['check', 'app.py', '--python', './no-python'], {
      cwd: project.folder,
    })
    expect([exitCode, stderr]).toEqual([5, expect.stringContaining('no-python')])
  })
})
