import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { startTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'

const SITE = {
  'site/hello.py': 'print("hello")',
  'site/facts.py': `
import json, sys
print("Content-Type: application/json\\n")
print(json.dumps([__name__, __file__, sys.stdin.read(), sys.stdin.buffer.read().decode()]))
`,
  'site/gone.py': 'print("Status: 410\\nX-A: 1\\nX-A: 2\\n")\nprint("away")',
  'site/bytes.py': `
import sys
print("Content-Type: x/y\\n")
sys.stdout.buffer.write(bytes(range(256)))
print("end", end="")
`,
  'site/exits.py': 'import sys\nprint("part")\nsys.exit(3)',
  'site/nothing.py': 'pass',
  'site/broken.py': 'def x(:',
  'site/raises.py': 'print("dropped")\nraise LookupError("not today")',
  'site/late.py': `
import sys
print("Content-Type: text/plain\\n\\nfirst", flush=True)
raise LookupError("too late")
`,
  'site/large.py':
    'print("Content-Type: text/plain\\n")\nfor i in range(20000): print("0123456789")',
  'site/replaced.py': `
import contextlib, io, sys
before = sys.stdout
kept = io.StringIO()
with contextlib.redirect_stdout(kept):
    print("kept")
print(kept.getvalue().upper(), end="")
sys.stdout = kept
`,
  'site/closes.py': 'import sys\nprint("all")\nsys.stdout.close()',
  'site/answers.py': `
from taipan import ScriptError
class Moved(ScriptError):
    def __call__(self, connection, url):
        print("Location: /other")
print("dropped")
raise Moved()
`,
  'site/page.html': '<p>page',
  'site/sub/index.py': 'print("sub")',
}

describe.each([
  ['daemon', []],
  ['embedded with threads', ['-e', 'embedded', '-t', '2', '-p', '1']],
  ['embedded on the thread of Node', ['-e', 'embedded', '-p', '1']],
] as const)('a folder of scripts, %s', (_name, engine) => {
  test('runs scripts and sends files', async () => {
    using project = createProject(SITE)
    const args = ['./site', '-b', '127.0.0.1:0', ...engine]
    await using taipan = await startTaipan(args, { cwd: project.folder })
    const get = async (target: string, body?: string) => {
      const more = body === undefined ? {} : { method: 'POST', body }
      const { status, text, complete } = await fetchRaw(taipan.url, { target, ...more })
      return complete ? `${status} ${text}` : `${status} ${text} (cut)`
    }
    expect(await get('/hello.py')).toBe('200 hello\n')
    const facts = (await get('/facts.py', 'a=b')).slice(4)
    expect(JSON.parse(facts)).toEqual([
      '__main__',
      join(project.folder, 'site/facts.py'),
      'a=b',
      '',
    ])
    const gone = await fetchRaw(taipan.url, { target: '/gone.py' })
    expect([gone.status, gone.text]).toEqual([410, 'away\n'])
    expect(gone.headers('x-a')).toEqual(['1', '2'])
    const { body } = await fetchRaw(taipan.url, { target: '/bytes.py' })
    expect(body.length).toBe(259)
    expect(await get('/exits.py')).toBe('200 part\n')
    expect(await get('/sub/')).toBe('200 sub\n')
    expect(await get('/page.html')).toBe('200 <p>page')
    expect((await get('/large.py')).length).toBe(4 + 20000 * 11)
    expect(await get('/replaced.py')).toBe('200 KEPT\n')
    expect(await get('/hello.py')).toBe('200 hello\n')
    expect(await get('/closes.py')).toBe('200 all\n')
    expect(await get('/answers.py')).toBe('302 ')
    for (const path of ['/nothing.py', '/broken.py', '/raises.py'])
      expect(await get(path)).toBe('500 Internal Server Error\n')
    expect(await get('/late.py')).toBe('200 first\n (cut)')
    await taipan.waitForOutput(/printed nothing/)
    await taipan.waitForOutput(/site\/broken\.py", line 1/)
    await taipan.waitForOutput(/site\/raises\.py", line 2/)
    writeFileSync(join(project.folder, 'site/hello.py'), 'print("changed")')
    expect(await get('/hello.py')).toBe('200 changed\n')
    expect(await get('/hello.py.bak')).toBe('404 Not Found\n')
    expect((await taipan.stop()).exitCode).toBe(0)
  })
})

test('routes of scripts by a configuration', async () => {
  using project = createProject({
    'site/shop.py': 'import sys\nprint("shop", end="")',
    'site/old.tmpl': 'print("template", end="")',
    'site/app.wsgi':
      'def application(environ, start):\n    start("200 OK", [])\n    return [environ["SCRIPT_NAME"].encode(), environ["PATH_INFO"].encode()]\n',
    'site/start.html': 'start',
    'get/x.py': 'print("get", end="")',
    'post/x.py': 'print("post", end="")',
    'taipan.config.json': JSON.stringify({
      routes: [
        { path: '/', scripts: 'site', kinds: { '.tmpl': 'script' }, index: 'start.html' },
        { path: '/short', scripts: 'site', extension: 'hidden' },
        { path: '/method', scripts: 'get', method: 'GET' },
        { path: '/method', scripts: 'post' },
        { path: '/match', scripts: 'get', match: '*.py' },
        { path: '/match', static: 'site' },
      ],
    }),
  })
  await using taipan = await startTaipan(['-b', '127.0.0.1:0'], { cwd: project.folder })
  const get = async (target: string, method = 'GET') => {
    const answer = await fetchRaw(taipan.url, { target, method })
    return `${answer.status} ${answer.headers('location').join() || answer.text}`
  }
  expect(await get('/')).toBe('200 start')
  expect(await get('/old.tmpl')).toBe('200 template')
  expect(await get('/app.wsgi/more')).toBe('200 /app.wsgi/more')
  expect(await get('/short/shop')).toBe('200 shop')
  expect(await get('/short/shop.py/a%20b?c=%20d')).toBe('308 /short/shop/a%20b?c=%20d')
  expect(await get('/short/app/x')).toBe('200 /short/app/x')
  expect(await get('/method/x.py')).toBe('200 get')
  expect(await get('/method/x.py', 'POST')).toBe('200 post')
  expect(await get('/match/x.py')).toBe('200 get')
  expect(await get('/match/start.html')).toBe('200 start')
})

test('several folders beside an application, by flags', async () => {
  using project = createProject({
    'a/x.py': 'print("a")',
    'b/x.py': 'print("b")',
    'app.py': 'def app(environ, start):\n    start("200 OK", [])\n    return [b"app"]\n',
  })
  const args = ['app.py', '--scripts', '/a=a', '--scripts', '/b=b', '-b', '127.0.0.1:0']
  await using taipan = await startTaipan(args, { cwd: project.folder })
  const texts = await Promise.all(
    ['/a/x.py', '/b/x.py', '/'].map(async (target) => (await fetchRaw(taipan.url, target)).text),
  )
  expect(texts).toEqual(['a\n', 'b\n', 'app'])
})
