import { describe, expect, test } from 'vitest'

import { runTaipan, startTaipan } from '../support/cli.ts'
import { createProject, helloApp } from '../support/project.ts'

const ASGI = `
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hi"})
`

/** Runs in an interpreter before anything else; hides its shared library. */
const WITHOUT_LIBRARY = `
import os.path
exists = os.path.exists
os.path.exists = lambda path: "libpython" not in str(path) and exists(path)
os.path.isfile = os.path.exists
import glob
glob.glob = lambda *words, **more: []
`

describe('check', () => {
  test('shows the interface, the event loop and that Python can be embedded', async () => {
    using project = createProject({ 'main.py': ASGI, 'app.py': helloApp('hi') })
    const asgi = await runTaipan(['check', 'main:app'], { cwd: project.folder })
    expect(asgi.stdout).toMatch(/event loop {2}(asyncio|uvloop) \(.*installed in this Python\)/)
    expect(asgi.stdout).toMatch(/embedding {3}possible/)
    expect(asgi.stdout).toMatch(/loads {7}yes, app is an ASGI application, function main\.app/)
    const wsgi = await runTaipan(['check', 'app.py', '-e', 'embedded'], { cwd: project.folder })
    expect(wsgi.stdout).toMatch(/event loop {2}asyncio \(driven by the event loop of Node\)/)
    expect(wsgi.stdout).toMatch(/loads {7}yes, application is a WSGI application/)
    expect(wsgi.exitCode).toBe(0)
  })

  test('shows the same as JSON', async () => {
    using project = createProject({ 'main.py': ASGI })
    const words = ['check', 'main:app', '-e', 'embedded', '--json']
    const { stdout } = await runTaipan(words, { cwd: project.folder })
    expect(JSON.parse(stdout)).toMatchObject([
      {
        engine: 'embedded',
        embedding: { embeddable: true, libpython: expect.stringContaining('libpython') },
        loop: { name: 'asyncio', available: true },
        applications: [{ loads: true, interface: 'asgi' }],
      },
    ])
  })

  test('without TARGET checks what serve would serve', async () => {
    using project = createProject({ 'asgi.py': ASGI })
    const found = await runTaipan(['check'], { cwd: project.folder })
    expect(found.stdout).toMatch(/application {3}asgi\.py\n {2}loads {7}yes, app is an ASGI/)
    expect(found.exitCode).toBe(0)
    const config = { apps: { shop: { target: 'shop.py' } } }
    project.write('taipan.config.json', JSON.stringify(config))
    const named = await runTaipan(['check'], { cwd: project.folder })
    expect(named.stdout).toMatch(/application {3}shop\.py\n {2}loads {7}no: /)
    expect(named.exitCode).toBe(3)
  })

  test.each([
    ['an empty folder', {}],
    ['files alone', { 'taipan.config.json': '{ "static": { "/": "." } }' }],
  ])('without an application reports on Python only: %s', async (_name, files) => {
    using project = createProject(files)
    const text = await runTaipan(['check', '-e', 'embedded'], { cwd: project.folder })
    expect(text.stderr).toBe('')
    expect(text.stdout).toMatch(/^python {8}\/[^]*version {5}3\.[^]*application {3}none/)
    expect(text.exitCode).toBe(0)
    const { stdout } = await runTaipan(['check', '--json'], { cwd: project.folder })
    expect(JSON.parse(stdout)).toMatchObject([
      { engine: 'daemon', python: { version: expect.any(String) }, applications: [] },
    ])
    const words = ['check', '--python', './missing']
    const missing = await runTaipan(words, { cwd: project.folder })
    expect([missing.exitCode, missing.stdout]).toEqual([5, ''])
  })

  test('tells of a second file of one name, as serve does', async () => {
    using project = createProject({
      'a/app.py': helloApp('a'),
      'b/app.py': helloApp('b'),
      'taipan.config.json': JSON.stringify({
        apps: { one: { target: 'a/app.py' }, two: { target: 'b/app.py' } },
        routes: [
          { path: '/one', app: 'one' },
          { path: '/two', app: 'two' },
        ],
      }),
    })
    const notice = String.raw`\S+b/app\.py is loaded as a module of its own.*`
    const text = await runTaipan(['check'], { cwd: project.folder })
    expect(text.stdout).toMatch(new RegExp(`b/app\\.py\n {2}loads .*\n {2}note {8}${notice}\n$`))
    expect(text.exitCode).toBe(0)
    const { stdout } = await runTaipan(['check', '--json'], { cwd: project.folder })
    expect(JSON.parse(stdout)).toMatchObject([
      { applications: [{ notes: [] }, { notes: [expect.stringMatching(notice)] }] },
    ])
  })

  test('hints and warnings are records where logs are JSON', async () => {
    using project = createProject({ 'app.py': helloApp('hi') })
    const words = ['check', 'app.py', '--workers', '2', '--proxy-headers']
    const plain = await runTaipan(words, { cwd: project.folder })
    expect(plain.stderr).toMatch(
      /^hint: --workers 2 is .*\nwarning: --proxy-headers has no effect.*\n$/,
    )
    const json = await runTaipan([...words, '--log-format', 'json'], { cwd: project.folder })
    const records: unknown[] = json.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(records).toMatchObject([
      { level: 'info', msg: expect.stringMatching(/^--workers 2 is/) },
      { level: 'warn', msg: expect.stringMatching(/^--proxy-headers has no effect/) },
    ])
    expect(json.stdout).toBe(plain.stdout)
  })

  test('needs no Python where no route runs any', async () => {
    using project = createProject({})
    const words = ['check', '--upstream', '/php=fastcgi://127.0.0.1:9000']
    const { exitCode, stdout } = await runTaipan(words, {
      cwd: project.folder,
      env: { TAIPAN_PYTHON: '/nowhere/python' },
    })
    expect(stdout).toBe('python        none is needed: no route runs any\n')
    expect(exitCode).toBe(0)
    const wrong = await runTaipan(['check', '--upstream', '/php=127.0.0.1:9000'], {
      cwd: project.folder,
    })
    expect(wrong.stderr).toContain('--upstream: "127.0.0.1:9000" is no address of an upstream')
    expect(wrong.exitCode).toBe(2)
  })

  test('a missing event loop is exit code 5', async () => {
    using project = createProject({ 'main.py': ASGI })
    const words = ['check', 'main:app', '--loop', 'uvloop', '--json']
    const { stdout, exitCode } = await runTaipan(words, { cwd: project.folder })
    const [{ loop }] = JSON.parse(stdout)
    expect(exitCode).toBe(loop.available === true ? 0 : 5)
    expect(loop.name).toBe('uvloop')
  })
})

describe('a Python without a shared library', () => {
  test('cannot be embedded, and the message has a way out; worker processes work', async () => {
    using project = createProject({
      'app.py': helloApp('hi'),
      'site/sitecustomize.py': WITHOUT_LIBRARY,
    })
    const options = { cwd: project.folder, env: { PYTHONPATH: project.path('site') } }
    const reason = /no shared library; .*Or use daemon mode \(-e daemon\), which does not need it/
    const plain = await runTaipan(['check', 'app.py'], options)
    expect(plain.stdout).toMatch(new RegExp(`embedding {3}not possible: .*${reason.source}`))
    expect(plain.exitCode).toBe(0)
    const asked = await runTaipan(['check', 'app.py', '-e', 'embedded'], options)
    expect(asked.exitCode).toBe(5)
    const words = ['serve', 'app.py', '-b', '127.0.0.1:0']
    const embedded = await runTaipan([...words, '-e', 'embedded'], options)
    expect([embedded.exitCode, embedded.stderr]).toEqual([5, expect.stringMatching(reason)])
    const daemon = await startTaipan(words, options)
    expect(await (await fetch(daemon.url)).text()).toBe('hi')
    await daemon.stop()
  })
})

describe('the start logs what was found', () => {
  test.each([
    [
      ['main:app'],
      / main:app: ASGI application \(function main\.app\), daemon, 1 process, loop (asyncio|uvloop), Python 3\./,
    ],
    [
      ['main:app', '-e', 'embedded'],
      / main:app: ASGI application .*, embedded, 1 process, loop asyncio, Python 3\./,
    ],
    [
      ['app.py', '-t', '2'],
      / app\.py: WSGI application .*, daemon, 1 process, 2 threads each, Python 3\./,
    ],
    [
      ['app.py', '-e', 'embedded', '-p', '2'],
      / app\.py: WSGI application .*, embedded, 2 processes, on Node's thread/,
    ],
  ])('%j', async (words, message) => {
    using project = createProject({ 'main.py': ASGI, 'app.py': helloApp('hi') })
    const taipan = await startTaipan([...words, '-b', '127.0.0.1:0'], { cwd: project.folder })
    expect(taipan.output).toMatch(message)
    expect(await (await fetch(taipan.url)).text()).toBe('hi')
    expect((await taipan.stop()).exitCode).toBe(0)
  })
})
