import { describe, expect, test } from 'vitest'
import { startTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw, type RawResponse } from '../support/raw-client.ts'

type Field = readonly [string, string]

const WSGI = `
def application(environ, start_response):
    password = "local-" + "secret"
    if environ["PATH_INFO"] == "/begun":
        start_response("200 OK", [])(b"begun")
    if environ["PATH_INFO"] == "/iterator":
        start_response("200 OK", [])
        return iterate()
    raise LookupError("<b>of wsgi</b>")

def iterate():
    raise LookupError("<b>of the iterator</b>")
    yield
`

const ASGI = `
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise NotImplementedError
    password = "local-" + "secret"
    if scope["path"].endswith(("/begun", "/started")):
        await send({"type": "http.response.start", "status": 200})
    if scope["path"].endswith("/begun"):
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    raise LookupError("<b>of asgi</b>")
`

const BROKEN_START = `
async def app(scope, receive, send):
    assert scope["type"] == "lifespan"
    await receive()
    try:
        open("/nowhere/of/this/machine")
    except OSError as error:
        await send({"type": "lifespan.startup.failed", "message": "no file"})
        raise
`

const FILES = {
  'raw_wsgi.py': WSGI,
  'raw_asgi.py': ASGI,
  'imports.py': 'import json\njson.loads("{")\napplication = None\n',
  'syntax.py': 'first = 1\nsecond = = 2\n',
  'lifespan.py': BROKEN_START,
  'taipan.config.json': JSON.stringify({
    bind: '127.0.0.1:0',
    apps: Object.fromEntries(
      ['raw_wsgi', 'raw_asgi', 'imports', 'syntax', 'lifespan'].map((name) => [
        name,
        { target: `${name}.py` },
      ]),
    ),
    routes: [
      { path: '/', app: 'raw_wsgi' },
      { path: '/asgi', app: 'raw_asgi' },
      { path: '/imports', app: 'imports' },
      { path: '/syntax', app: 'syntax' },
      { path: '/lifespan', app: 'lifespan' },
    ],
  }),
}

const BROWSER: readonly Field[] = [
  ['Accept', 'text/html,*/*;q=0.8'],
  ['Cookie', 'sessionid=cookie-secret'],
]
const CURL: readonly Field[] = [['Accept', '*/*']]
const PROGRAM: readonly Field[] = [['Accept', 'application/json']]

async function visit(url: string, target: string, headers: readonly Field[]): Promise<RawResponse> {
  return await fetchRaw(url, { target, headers: [['Host', 'localhost'], ...headers] })
}

describe.each(['daemon', 'embedded'])('%s', (engine) => {
  test('--dev answers exceptions with a page about them', async () => {
    using project = createProject(FILES)
    const taipan = await startTaipan(['-c', 'taipan.config.json', '--dev', '-e', engine], {
      cwd: project.folder,
    })
    const { url } = taipan
    for (const [path, text] of [
      ['/?api_key=query-secret', 'of wsgi'],
      ['/iterator', 'of the iterator'],
      ['/asgi/', 'of asgi'],
      ['/asgi/started', 'of asgi'],
    ] as const) {
      const page = await visit(url, path, BROWSER)
      expect([path, page.status]).toEqual([path, 500])
      expect(page.header('content-type')).toBe('text/html; charset=utf-8')
      expect(page.header('content-security-policy')).toMatch(/^default-src 'none'; /)
      expect(page.text).toContain(`&lt;b&gt;${text}&lt;/b&gt;`)
      expect(page.text).toContain('class="failed"')
      expect(page.text).not.toMatch(/<b>of|(?:local|cookie|query)-secret/)

      const plain = await visit(url, path, CURL)
      expect(plain.header('content-type')).toBe('text/plain; charset=utf-8')
      expect(plain.text).toMatch(/^Traceback [^]*LookupError: <b>of/)

      const json = await visit(url, path, PROGRAM)
      expect(json.header('content-type')).toBe('application/json')
      const { exception }: { exception: unknown } = JSON.parse(json.text)
      expect(exception).toMatchObject({ type: 'LookupError', message: `<b>${text}</b>` })
    }
    const failures: [string, RegExp][] = [
      ['/imports/', /JSONDecodeError[^]*json\.loads\(/],
      ['/syntax/', /SyntaxError[^]*second = (?:<mark>)?=/],
      ['/lifespan/', /no file[^]*FileNotFoundError[^]*\/nowhere\/of\/this\/machine/],
    ]
    for (const [path, text] of failures) {
      const page = await visit(url, path, BROWSER)
      expect([path, page.status, page.header('retry-after')]).toEqual([path, 503, '1'])
      expect(page.text).toMatch(text)
      expect(page.text).toContain('class="failed"')
    }
    const head = await fetchRaw(url, {
      method: 'HEAD',
      headers: [['Host', 'localhost'], ...BROWSER],
    })
    expect([head.status, head.text]).toEqual([500, ''])
    for (const path of ['/begun', '/asgi/begun']) {
      const begun = await visit(url, path, BROWSER)
      expect([begun.status, begun.text, begun.complete]).toEqual([200, 'begun', false])
    }
    await taipan.stop()
  })
})

test('--dev explains errors to known hosts alone, and says once how to know another one', async () => {
  using project = createProject(FILES)
  const flags = ['--dev', '--dev-host', '*.shop.com', '--timeout-startup', '20s']
  await using taipan = await startTaipan(['-c', 'taipan.config.json', ...flags], {
    cwd: project.folder,
  })
  const visitAs = async (host: string, path: string, headers = BROWSER): Promise<RawResponse> =>
    await fetchRaw(taipan.url, { target: path, headers: [['Host', host], ...headers] })
  const known = ['localhost', 'a.localhost:80', '127.9.9.9', '[::1]:8000', 'web:8000', 'shop.test']
  for (const host of [...known, 'www.shop.com'])
    expect([host, (await visitAs(host, '/')).text]).toEqual([
      host,
      expect.stringContaining('of wsgi'),
    ])
  for (const headers of [BROWSER, CURL, PROGRAM]) {
    expect((await visitAs('evil.com', '/', headers)).text).toBe('Internal Server Error\n')
    expect((await visitAs('evil.com', '/asgi/', headers)).text).toBe('Internal Server Error\n')
    const broken = await visitAs('localhost.evil.com:80', '/imports/', headers)
    expect([broken.status, broken.text]).toEqual([503, 'Service Unavailable\n'])
  }
  const begun = await visitAs('evil.com', '/begun')
  expect([begun.status, begun.text]).toEqual([200, 'begun'])
  const { output } = await taipan.stop()
  expect(
    output.match(/request for evil\.com is not explained .*--dev-host evil\.com /g),
  ).toHaveLength(1)
})

test('without --dev no client learns of an exception', async () => {
  using project = createProject(FILES)
  const taipan = await startTaipan(['-c', 'taipan.config.json'], { cwd: project.folder })
  for (const path of ['/', '/iterator', '/asgi/', '/imports/', '/syntax/', '/lifespan/']) {
    for (const client of [BROWSER, CURL, PROGRAM]) {
      const answer = await visit(taipan.url, path, client)
      expect(answer.text).toMatch(/^(?:Internal Server Error|Service Unavailable)\n$/)
    }
  }
  await taipan.waitForOutput(/LookupError: <b>of wsgi/)
  await taipan.stop()
})

const OLD_CODE = {
  'script.py': 'print("begun")\ndef go():\n    return {}["of the script"]\ngo()\n',
  'broken.py': 'first = 1\nprint("x"\n',
  'page.psp': '<p>\n<%= {}["of the page"] %>\n',
  'broken.psp': '<p>\n<%\nif True\n%>\n',
  'handled/handler.py': 'def handler(req):\n    return {}["of the handler"]\n',
  'taipan.config.json': JSON.stringify({
    bind: '127.0.0.1:0',
    routes: [
      { path: '/', scripts: '.' },
      { path: '/handled', modPython: { directory: 'handled', handler: 'handler' } },
    ],
  }),
}

test('--dev shows the errors of scripts, pages and handlers, and opens them in the editor', async () => {
  using project = createProject(OLD_CODE)
  const args = ['-c', 'taipan.config.json', '--dev', '--editor', 'ed:{relative}:{line}']
  const taipan = await startTaipan(args, { cwd: project.folder })
  for (const [path, kind, text, place] of [
    ['/script.py', 'KeyError', 'of the script', 'script.py:3'],
    ['/broken.py', 'SyntaxError', 'never closed|invalid syntax|EOF', 'broken.py:'],
    ['/page.psp', 'KeyError', 'of the page', 'page.psp:2'],
    ['/broken.psp', 'PageSyntaxError', 'if True', 'broken.psp:3'],
    ['/handled/x', 'KeyError', 'of the handler', 'handled/handler.py:2'],
  ] as const) {
    const page = await visit(taipan.url, path, BROWSER)
    expect([path, page.status]).toEqual([path, 500])
    expect(page.text).toContain(`<h1>${kind}</h1>`)
    expect(page.text).toMatch(new RegExp(text))
    expect(page.text).toContain(`<a href="ed:${place}`)
  }
  await taipan.stop()
})

test('--editor none makes no links', async () => {
  using project = createProject(FILES)
  const args = ['-c', 'taipan.config.json', '--dev', '--editor', 'none']
  const taipan = await startTaipan(args, { cwd: project.folder, env: { EDITOR: 'code' } })
  const page = await visit(taipan.url, '/', BROWSER)
  expect(page.text).toContain('class="failed"')
  expect(page.text).not.toContain('<a ')
  await taipan.stop()
})
