import { describe, expect, test } from 'vitest'

import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import {
  fetchRaw,
  formatRequest,
  openRaw,
  pollUntil,
  type RawConnection,
} from '../support/raw-client.ts'

const ENGINES = ['daemon', 'embedded'] as const
const AS_PAGE = [['Sec-Fetch-Dest', 'document']] as const
const EVENTS = '/_taipan/dev/events'

/** A WSGI application whose page is a Python expression. */
function page(expression: string, before = ''): string {
  return `
import os, sqlite3
${before}

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<body>" + (${expression}).encode() + b"</body>"]
`
}

const LIFESPAN = `async def application(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})
`

/** What breaks an application, and what the page says then. */
const BROKEN = [
  ['def (:\n', 'SyntaxError'],
  ['raise RuntimeError("half done")\n', 'RuntimeError: half done'],
  ['import os\nos._exit(7)\n', 'exit code 7'],
  [LIFESPAN, 'no database'],
] as const

/** What a browser sees: the page, and the version that its script has. */
async function look(
  url: string,
  target = '/',
): Promise<{ readonly status: number; readonly text: string; readonly version: string }> {
  const { status, text } = await fetchRaw(url, { target, headers: AS_PAGE })
  return { status, text, version: /<script data-taipan="([^"]*)"/.exec(text)?.[1] ?? '' }
}

async function waitForPage(url: string, target: string, text: string): Promise<string> {
  return await pollUntil(
    async () => {
      const seen = await look(url, target).catch(() => undefined)
      return seen?.text.includes(text) === true ? seen.version : undefined
    },
    `${text} at ${target}`,
    { pause: 50 },
  )
}

/** Follows changes as the script of a page does: by one stream after the other. */
class Follower implements Disposable {
  readonly #url: string
  #connection: RawConnection | undefined

  constructor(url: string) {
    this.#url = url
  }

  /** Resolves when another version is told than that of the page. */
  async waitForOther(version: string): Promise<void> {
    await pollUntil(
      async () => {
        const told = await this.#read().catch(() => undefined)
        return told !== undefined && told !== version ? true : undefined
      },
      `another version than ${version}`,
      { pause: 50 },
    )
  }

  async #read(): Promise<string | undefined> {
    if (this.#connection === undefined || this.#connection.ended) {
      this.#connection = await openRaw(this.#url)
      this.#connection.send(formatRequest({ target: EVENTS }))
    }
    return [...this.#connection.rest.toString().matchAll(/data: (.*)/g)].at(-1)?.[1]
  }

  [Symbol.dispose](): void {
    this.#connection?.socket.destroy()
  }
}

async function start(
  project: { readonly folder: string },
  args: readonly string[],
): Promise<RunningTaipan> {
  return await startTaipan(['-b', '127.0.0.1:0', '--dev', ...args], {
    cwd: project.folder,
  })
}

describe.each(ENGINES)('with --dev, %s:', (engine) => {
  test.each([
    ['code that raises', BROKEN.slice(0, 2)],
    ['code that ends its process or cannot start', BROKEN.slice(2)],
  ])('a page shows %s, and comes back when that is mended', async (_name, faults) => {
    using project = createProject({ 'app.py': page('"one"') })
    const taipan = await start(project, ['app.py', '-p', '1', '-e', engine])
    const { url } = taipan
    let version = await waitForPage(url, '/', '<body>one')
    using follower = new Follower(url)
    for (const [code, reason] of faults) {
      project.write('app.py', code)
      await follower.waitForOther(version)
      version = await waitForPage(url, '/', reason)
      expect(version).not.toBe('')
      expect((await look(url)).status).toBe(503)
    }
    project.write('app.py', page('"two"'))
    await follower.waitForOther(version)
    await waitForPage(url, '/', '<body>two')
    expect((await taipan.stop()).exitCode).toBe(0)
  })

  test('what breaks one application leaves its neighbours alone', async () => {
    using project = createProject({
      'a.py': page('"a1"'),
      'b.py': page('"b1"'),
      'taipan.config.json': JSON.stringify({
        engine,
        processes: 1,
        apps: { a: { target: 'a.py' }, b: { target: 'b.py' } },
        routes: [
          { path: '/a', app: 'a' },
          { path: '/b', app: 'b' },
        ],
      }),
    })
    const taipan = await start(project, [])
    const { url } = taipan
    await waitForPage(url, '/a', 'a1')
    project.write('b.py', page('"b2"'))
    project.write('a.py', 'import os\nos._exit(7)\n')
    await waitForPage(url, '/a', 'exit code 7')
    await waitForPage(url, '/b', 'b2')
    project.write('a.py', page('"a3"'))
    await waitForPage(url, '/a', 'a3')
    await waitForPage(url, '/b', 'b2')
    await taipan.stop()
  })

  test('templates and environment files give fresh values, and static files a fresh page', async () => {
    using project = createProject({
      'app.py': page(
        'READ + os.environ.get("GIVEN", "") + TEMPLATE + os.environ.get("BASE", "")',
        'READ = open(".env").read()\nTEMPLATE = open("templates/page.txt").read()',
      ),
      '.env': 'read one ',
      'given.env': 'GIVEN="given one "\nBASE=lost\n',
      'templates/page.txt': 'page one ',
      'assets/site.css': '',
    })
    const args = [
      'app.py',
      '-p',
      '1',
      '-e',
      engine,
      '--env-file',
      'given.env',
      '--env',
      'BASE=base',
    ]
    const taipan = await start(project, [...args, '--static', '/assets=assets'])
    const { url } = taipan
    await waitForPage(url, '/', 'read one given one page one base')
    project.write('.env', 'read two ')
    await waitForPage(url, '/', 'read two given one page one base')
    project.write('given.env', 'GIVEN="given two "\n')
    await waitForPage(url, '/', 'read two given two page one base')
    project.write('templates/page.txt', 'page two ')
    const version = await waitForPage(url, '/', 'read two given two page two base')
    using follower = new Follower(url)
    project.write('assets/site.css', 'a{}')
    await follower.waitForOther(version)
    const { output } = await taipan.stop()
    expect(output.match(/\S+ has changed: .*?(?= path=|$)/gm)).toEqual([
      '.env has changed: reloading',
      'given.env has changed: reloading',
      'templates/page.txt has changed: reloading',
      'assets/site.css has changed: pages load again',
    ])
  })
})

test('files that an application writes itself are no changes', async () => {
  using project = createProject({
    'app.py': page(
      '"ok"',
      `
def note(name):
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    open(name, "a").write("x")
db = sqlite3.connect("db.sqlite3", check_same_thread=False)
db.execute("create table if not exists t(a)")
`,
    ).replace(
      '    return',
      `    for name in ("app.log", "data.json", "media/photo.png", "uploads/a.html", "__pycache__/a.py"):
        note(name)
    db.execute("insert into t values (1)")
    db.commit()
    return`,
    ),
    'site.css': '',
  })
  const taipan = await start(project, ['app.py', '-p', '1', '-t', '1'])
  for (let i = 0; i < 3; i++) await waitForPage(taipan.url, '/', 'ok')
  project.write('site.css', 'a{}')
  await taipan.waitForOutput(/site\.css has changed/)
  const { output } = await taipan.stop()
  expect(output.match(/\S+ has changed/g)).toEqual(['site.css has changed'])
})

test('a page that is written anew for each change does not load again for ever', async () => {
  using project = createProject({ 'app.py': page('"ok"'), 'plot.png': '0' })
  const taipan = await start(project, ['app.py', '-p', '1'])
  let seen = 0
  await pollUntil(
    () => {
      const count = taipan.output.match(/plot\.png has changed/g)?.length ?? 0
      if (seen <= count) project.write('plot.png', String(++seen))
      return taipan.output.includes('plot.png changes each time') ? true : undefined
    },
    'the end of it',
    { pause: 5 },
  )
  await taipan.stop()
})

test('below a mount point the script is below it, too', async () => {
  using project = createProject({ 'app.py': page('"ok"') })
  const taipan = await start(project, ['app.py', '-p', '1', '--mount', '/shop'])
  const version = await waitForPage(taipan.url, '/shop/cart', 'ok')
  expect(version).not.toBe('')
  expect((await fetchRaw(taipan.url, '/shop/_taipan/dev.js')).text).toContain('EventSource')
  await taipan.stop()
})

test.each([
  ['without --dev', ['--reload']],
  ['with --no-refresh', ['--dev', '--no-refresh']],
])('%s pages are left as they are', async (_name, options) => {
  using project = createProject({ 'app.py': page('"ok"') })
  const taipan = await startTaipan(['app.py', '-b', '127.0.0.1:0', '-p', '1', ...options], {
    cwd: project.folder,
  })
  const { text, version } = await look(taipan.url)
  expect([text, version]).toEqual(['<body>ok</body>', ''])
  expect((await look(taipan.url, EVENTS)).text).toBe('<body>ok</body>')
  await taipan.stop()
})

test('under a name that is not known nothing of it is there', async () => {
  using project = createProject({ 'app.py': page('"ok"') })
  await using taipan = await start(project, ['app.py', '-p', '1'])
  const headers = [['Host', 'evil.com'], ...AS_PAGE] as const
  for (const target of ['/', EVENTS])
    expect((await fetchRaw(taipan.url, { target, headers })).text).toBe('<body>ok</body>')
  expect((await look(taipan.url)).version).not.toBe('')
})

test('an open stream does not hold up a stop', async () => {
  using project = createProject({ 'app.py': page('"ok"') })
  const taipan = await start(project, ['app.py', '-p', '1', '--timeout-shutdown', '0'])
  using follower = new Follower(taipan.url)
  await follower.waitForOther('none')
  expect((await taipan.stop()).exitCode).toBe(0)
})
