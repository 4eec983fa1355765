import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { runTaipan, startTaipan } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw, type RawResponse } from '../support/raw-client.ts'

const CONFIG = {
  routes: [{ path: '/', scripts: 'site' }],
  sessions: { lockTimeout: '500ms' },
  processes: 2,
  bind: '127.0.0.1:0',
}

const SITE = {
  'tmp/.keep': '',
  'site/none.py': 'print("hello")',
  'site/count.py': `
from taipan import session
session["n"] = session.get("n", 0) + 1
print("Content-Type: text/plain\\n\\n", session["n"], sep="", end="")
`,
  'site/page.psp': `<% session["n"] = session.get("n", 0) + 1
%><%= session["n"] %> <%= session.is_new() %>`,
  'site/other.psp': 'nothing of it',
  'site/login.py': `
from taipan import session
session.renew()
session["user"] = "ada"
print("Content-Type: text/plain\\n\\n", sorted(session), sep="", end="")
`,
  'site/logout.py': `
from taipan import session
session.invalidate()
print("Content-Type: text/plain\\n\\nbye")
`,
  'site/moved.py': `
from taipan import session
session["moved"] = True
print("Location: /count.py\\n")
`,
  'site/stays.py': `
from taipan import session
session.get("n")
print("Location: /count.py\\n")
`,
  'site/early.py': `
from taipan import session
print("Content-Type: text/plain\\n\\nfirst", flush=True)
session["late"] = True
`,
  'site/fails.psp': '<% session["n"] = 99\n1 / 0 %>',
  'site/handled.psp': '<% session["n"] = 99\npsp.set_error_page("error.psp")\n1 / 0 %>',
  'site/error.psp': 'failed: <%= session["n"] %>',
  'site/wrong.py': `
from taipan import session
session["a"] = object()
print("hello")
`,
  'site/state.py': `
from taipan import application
with application.lock():
    application["n"] = application.get("n", 0) + 1
print("Content-Type: text/plain\\n\\n", application["n"], sep="", end="")
`,
  'site/crash.py': 'import os\nos._exit(1)',
  'site/hold.py': `
import os, time
from taipan import session
session["held"] = True
open("held", "w").close()
while not os.path.exists("go"):
    time.sleep(0.01)
print("Content-Type: text/plain\\n\\nheld", end="")
`,
  'taipan.config.json': JSON.stringify(CONFIG),
}

/** Keeps the cookie of sessions as a browser does. */
class Browser {
  readonly #url: string
  cookie = ''

  constructor(url: string) {
    this.#url = url
  }

  async open(target: string): Promise<RawResponse> {
    const headers: [string, string][] = this.cookie === '' ? [] : [['Cookie', this.cookie]]
    const response = await fetchRaw(this.#url, { target, headers })
    for (const field of response.headers('set-cookie')) this.cookie = field.split(';')[0] ?? ''
    return response
  }

  async get(target: string): Promise<string> {
    const { status, text } = await this.open(target)
    return `${status} ${text}`
  }
}

describe.each([
  ['daemon', []],
  ['embedded with threads', ['-e', 'embedded', '-t', '2']],
  ['embedded on the thread of Node', ['-e', 'embedded']],
] as const)('sessions, %s', (_name, engine) => {
  test('are shared by all workers, and gone with the server', async () => {
    using project = createProject(SITE)
    const temporary = join(project.folder, 'tmp')
    const listFolders = () => readdirSync(temporary).filter((name) => name.startsWith('taipan-'))
    const options = { cwd: project.folder, env: { TMPDIR: temporary } }
    await using taipan = await startTaipan(engine, options)
    const browser = new Browser(taipan.url)
    expect(await browser.get('/none.py')).toBe('200 hello\n')
    expect(await browser.get('/other.psp')).toBe('200 nothing of it')
    expect([browser.cookie, listFolders()]).toEqual(['', []])

    const first = await browser.open('/count.py')
    expect([first.status, first.text]).toEqual([200, '1'])
    const issued = /^sid=([0-9a-f]{32}); Path=\/; HttpOnly; SameSite=Lax$/
    expect(first.headers('set-cookie')).toEqual([expect.stringMatching(issued)])
    expect(listFolders()).toHaveLength(1)
    for (let count = 2; count < 12; count++)
      expect(await browser.get('/count.py')).toBe(`200 ${count}`)
    expect(await browser.get('/page.psp')).toBe('200 12 False')
    const anonymous = new Browser(taipan.url)
    expect(await anonymous.get('/page.psp')).toBe('200 1 True')
    expect(anonymous.cookie).toMatch(/^sid=[0-9a-f]{32}$/)
    for (let count = 1; count < 12; count++)
      expect(await new Browser(taipan.url).get('/state.py')).toBe(`200 ${count}`)

    const old = browser.cookie
    expect(await browser.get('/login.py')).toBe("200 ['n', 'user']")
    expect(browser.cookie).not.toBe(old)
    expect(await browser.get('/count.py')).toBe('200 13')
    const stale = new Browser(taipan.url)
    stale.cookie = old
    expect(await stale.get('/page.psp')).toBe('200 1 True')
    expect(stale.cookie).not.toBe(old)
    const left = browser.cookie
    expect(await browser.get('/logout.py')).toBe('200 bye\n')
    expect(browser.cookie).toBe('sid=')
    browser.cookie = left
    expect(await browser.get('/count.py')).toBe('200 1')

    // What fails changes nothing, unless an error page answers.
    expect(await browser.get('/fails.psp')).toBe('500 Internal Server Error\n')
    expect(await browser.get('/count.py')).toBe('200 2')
    expect(await browser.get('/handled.psp')).toBe('500 failed: 99')
    expect(await browser.get('/count.py')).toBe('200 100')
    expect(await browser.get('/wrong.py')).toBe('500 Internal Server Error\n')
    await taipan.waitForOutput(/a builtins\.object cannot be stored/)

    // A redirect within the server stays one, unless the client has to get a cookie.
    expect(await browser.get('/stays.py')).toBe('200 101')
    const moved = await new Browser(taipan.url).open('/moved.py')
    expect([moved.status, moved.headers('location')]).toEqual([302, ['/count.py']])
    expect(moved.headers('set-cookie')).toHaveLength(1)

    const early = await new Browser(taipan.url).open('/early.py')
    expect([early.status, early.headers('set-cookie'), early.complete]).toEqual([200, [], true])
    await taipan.waitForOutput(/early\.py: the session was begun after the head/)
    expect(await browser.get('/early.py')).toBe('200 first\n')
    expect(await browser.get('/login.py')).toBe("200 ['late', 'n', 'user']")

    // Neither a worker that dies nor a reload ends them.
    await fetchRaw(taipan.url, { target: '/crash.py' }).catch(() => undefined)
    expect(await browser.get('/count.py')).toBe('200 102')
    const length = taipan.output.length
    taipan.kill('SIGHUP')
    await taipan.waitForOutput(/reloaded/, length)
    expect(await browser.get('/count.py')).toBe('200 103')

    expect(taipan.output).not.toContain(browser.cookie.slice(4))
    await taipan.stop()
    expect(listFolders()).toEqual([])
  })
})

const HOSTILE = [
  `sid=${'0'.repeat(32)}`,
  `sid=${'0'.repeat(60_000)}`,
  'sid=../../../../etc/passwd',
  'sid=%00',
  'sid="',
  `sid=${'\u00e9'.repeat(32)}`,
  `sid=${'0'.repeat(32)}; `.repeat(500),
  '$Version=1; sid=; =; ;;',
]

test('requests of one session wait for each other, and forged cookies are nothing', async () => {
  const fresh = { path: '/fresh', scripts: 'site', isolation: 'fresh' }
  const config = { ...CONFIG, routes: [...CONFIG.routes, fresh] }
  using project = createProject({ ...SITE, 'taipan.config.json': JSON.stringify(config) })
  await using taipan = await startTaipan([], { cwd: project.folder })
  const get = async (target: string, cookie: string) =>
    await fetchRaw(taipan.url, { target, headers: [['Cookie', cookie]] })
  for (const cookie of HOSTILE) {
    const answer = await get('/page.psp', cookie)
    expect([answer.status, answer.text]).toEqual([200, '1 True'])
    expect(answer.headers('set-cookie')).toHaveLength(1)
  }
  const huge = await get('/page.psp', `sid=${'0'.repeat(1_000_000)}`)
  expect(huge.status).toBe(431)

  const browser = new Browser(taipan.url)
  await browser.open('/count.py')
  const holding = browser.open('/hold.py')
  await expect.poll(() => existsSync(join(project.folder, 'site/held'))).toBe(true)
  // Of all workers: each has been asked some times.
  for (const target of ['/count.py', '/count.py', '/count.py', '/fresh/count.py']) {
    const busy = await get(target, browser.cookie)
    expect([busy.status, busy.text, busy.headers('retry-after')]).toEqual([
      503,
      'Service Unavailable\n',
      ['5'],
    ])
  }
  await taipan.waitForOutput(/count\.py: another request has held the session for 0\.5 seconds/)
  // Others are not held up.
  expect((await get('/count.py', '')).text).toBe('1')
  writeFileSync(join(project.folder, 'site/go'), '')
  expect((await holding).text).toBe('held')
  for (const text of ['2', '3', '4'])
    expect((await get('/fresh/count.py', browser.cookie)).text).toBe(text)
  expect((await get('/count.py', browser.cookie)).text).toBe('5')
  expect(taipan.output).not.toMatch(/error/i)
})

test('sessions in a named file outlive the server', async () => {
  using project = createProject(SITE)
  mkdirSync(join(project.folder, 'data'))
  const args = ['./site', '-b', '127.0.0.1:0', '--sessions', 'sqlite:data/s.db', '--mount', '/a b']
  let cookie = ''
  for (const expected of ['200 1', '200 2']) {
    await using taipan = await startTaipan(args, { cwd: project.folder })
    const browser = new Browser(taipan.url)
    browser.cookie = cookie
    const answer = await browser.open('/a%20b/count.py')
    expect(`${answer.status} ${answer.text}`).toBe(expected)
    if (cookie === '') expect(answer.headers('set-cookie')[0]).toContain('; Path=/a%20b; ')
    cookie = browser.cookie
  }
  expect(readdirSync(join(project.folder, 'data'))).toContain('s.db')
})

test.each([
  ['daemon', []],
  ['embedded', ['-e', 'embedded']],
] as const)('a server that was killed leaves no sessions behind, %s', async (_name, engine) => {
  using project = createProject(SITE)
  const temporary = join(project.folder, 'tmp')
  const listFolders = () => readdirSync(temporary).filter((name) => name.startsWith('taipan-'))
  const options = { cwd: project.folder, env: { TMPDIR: temporary } }
  await using taipan = await startTaipan(engine, options)
  expect(await new Browser(taipan.url).get('/count.py')).toBe('200 1')
  expect(listFolders()).toHaveLength(1)
  taipan.kill('SIGKILL')
  await taipan.waitForExit()
  await expect.poll(listFolders, { timeout: DEADLINE }).toEqual([])
})

test.each([
  ['daemon', 'meanwhile'],
  ['embedded', 'at the end'],
] as const)(
  'sessions that a changed configuration leaves are removed, %s: %s',
  async (engine, _when) => {
    using project = createProject({ ...SITE, 'data/.keep': '' })
    const write = (config: object): void =>
      project.write('taipan.config.json', JSON.stringify({ ...CONFIG, engine, ...config }))
    const list = (): string[] =>
      readdirSync(project.path('tmp')).filter((name) => name.startsWith('taipan-sessions-'))
    write({})
    await using taipan = await startTaipan([], {
      cwd: project.folder,
      env: { TMPDIR: project.path('tmp') },
    })
    expect(await new Browser(taipan.url).get('/count.py')).toBe('200 1')
    const before = list()
    expect(before).toHaveLength(1)
    write({ timeouts: { shutdown: '9s' } })
    taipan.kill('SIGHUP')
    await taipan.waitForOutput(/^reloaded$/m)
    expect(list()).toEqual(before)
    write({ sessions: { store: 'sqlite:data/s.db' } })
    taipan.kill('SIGHUP')
    await taipan.waitForOutput(/^reloaded$[^]*^reloaded$/m)
    if (engine === 'embedded') await taipan.stop()
    await expect.poll(list, { timeout: DEADLINE }).toEqual([])
  },
)

test('a Redis that the Python has no package for is told at the start', async () => {
  using project = createProject(SITE)
  const args = ['./site', '-b', '127.0.0.1:0', '--sessions', 'redis://:secret@127.0.0.1:1']
  // A module of that name that cannot be found: the package may be installed.
  const env = { PYTHONPATH: project.folder }
  writeFileSync(
    join(project.folder, 'sitecustomize.py'),
    `
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "redis" else find_spec(name, *more)
`,
  )
  const { exitCode, output } = await runTaipan(['serve', ...args], { cwd: project.folder, env })
  expect(exitCode).toBe(3)
  expect(output).toMatch(/this Python has no package redis: pip install redis/)
  expect(output).not.toContain('secret')
})
