import { utimesSync, writeFileSync } from 'node:fs'
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
  'site/huge.py': 'print("Content-Type: text/plain\\n")\nfor i in range(30): print("x" * 2**20)',
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
        print("Status: 303\\nLocation: /other")
print("dropped")
raise Moved()
`,
  'site/form.py': `
from taipan.forms import FieldStorage
form = FieldStorage()
print("Content-Type: text/plain\\n")
print(form.getlist("a"), form["f"].filename, len(form["f"].value), form["f"].value[-3:])
`,
  'site/programs.py': `
import atexit, os, subprocess, sys
print("Content-Type: text/plain\\n")
print("one")
subprocess.run(["echo", "run"])
os.system("echo system $QUERY_STRING")
many = subprocess.Popen(["seq", "20000"], stdout=sys.stdout)
while many.poll() is None: pass
print(subprocess.call("echo both >&2; exit 3", shell=True, stderr=subprocess.STDOUT))
print(subprocess.check_output(["echo", "kept"]))
try: subprocess.run("echo part; exec sleep 60", shell=True, timeout=0.2)
except subprocess.TimeoutExpired: print("stopped")
subprocess.run("read line; echo got $line", shell=True, input=b"line\\n")
atexit.register(print, "last")
`,
  'site/forks.py': `
import atexit, os, sys
print("Content-Type: text/plain\\n")
print("parent")
atexit.register(print, "end")
def child(how):
    pid = os.fork()
    if pid == 0:
        print("in the child")
        exec(how)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
for how in "sys.exit(4)", "sys.exit('text of the child')", "1 / 0": child(how)
sys.stdout.flush()
pid = os.fork()
if pid: print(os.waitpid(pid, 0)[1])
`,
  'site/encoded.py': `
import sys
sys.stdout.reconfigure(encoding="latin-1")
print("Content-Type: text/plain\\n\\né", end="")
`,
  'site/lines.py': 'import sys\nprint(list(sys.stdin))',
  'site/class.py': `
import io, sys
for stream in sys.stdin, sys.stdout, sys.stderr, sys.__stdout__:
    print(isinstance(stream, io.TextIOWrapper), stream.line_buffering, stream.mode)
import warnings
warnings.simplefilter("ignore")
import cgi
print(cgi.FieldStorage(sys.stdin).getvalue("a"))
`,
  'site/wrapped.py': `
import atexit, io, sys
sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-16-le")
atexit.register(print, "last", end="")
`,
  'site/wraps.py': `
import codecs, io, sys
class Unbuffered:
    def __init__(self, stream): self.stream = stream
    def write(self, text): self.stream.write(text); self.stream.flush()
    def __getattr__(self, name): return getattr(self.stream, name)
sys.stdin, sys.stdout, sys.stderr = map(Unbuffered, (sys.stdin, sys.stdout, sys.stderr))
print("Content-Type: text/plain\\n")
print("to the log", file=sys.stderr)
print(sys.stdin.read())
sys.stdout = kept = io.StringIO()
print("kept")
print("meanwhile", file=sys.__stdout__)
sys.stdout = sys.__stdout__
print(kept.getvalue(), sys.stdout is sys.__stdout__)
sys.stdout = codecs.getwriter("latin-1")(sys.stdout.detach())
print("é", flush=True)
del sys.stdout
print("nowhere", flush=True)
sys.stderr = None
print("nowhere, too", file=sys.__stderr__)
`,
  'site/thread.py': `
import _thread
ended = _thread.allocate_lock(); ended.acquire()
def work(text):
    print(text); ended.release()
_thread.start_new_thread(work, ("thread",))
ended.acquire()
`,
  'site/descriptors.py': `
import os
print("Content-Type: text/plain\\n")
os.close(1)
os.closerange(0, 3)
os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
print(os.open(__file__, os.O_RDONLY) > 2)
os.system("echo program")
for name in "", "A=B":
    try: os.environ[name] = "x"
    except ValueError: print("refused", name)
`,
  'site/silent.py': 'import sys\nprint("before")\nsys.stdout = None\nprint("nowhere")',
  'site/page.html': '<p>page',
  'site/sub/index.py': 'print("sub")',
}

const UPLOAD = `--x\r
Content-Disposition: form-data; name="a"\r
\r
1\r
--x\r
Content-Disposition: form-data; name="f"; filename="f.txt"\r
\r
${'0'.repeat(200_000)}end\r
--x--\r
`

const PAGES = {
  'site/index.psp': `<html><% for i in range(2):
%><p><%= i %> <%= form.getfirst("a", "none") %></p>
<%
%><%@ include file="part/foot.inc" %></html>`,
  'site/part/foot.inc': '<% import helper %><%= helper.NAME %>',
  'site/helper.py': 'NAME = "foot"',
  'site/head.psp': `<%
req.content_type = "text/plain"
req.status = 418
req.headers_out.add("X-A", "1")
req.headers_out.add("X-A", "2")
print("printed")
%>end`,
  'site/moved.psp': 'before<% psp.redirect("/index.psp") %>',
  'site/fails.psp': 'text\n\n<% 1 / 0 %>',
  'site/handled.psp': '<% psp.set_error_page("failed.psp")\n1 / 0 %>',
  'site/failed.psp': 'failed: <%= exception[1] %>',
  'site/wrong.psp': 'one\n<% def %>',
  'site/exits.psp': 'part<% sys.exit() %>never',
}

describe.each([
  ['daemon', []],
  ['embedded on the thread of Node', ['-e', 'embedded', '-p', '1']],
] as const)('PSP pages, %s', (_name, engine) => {
  test('are run, and again when they or their parts change', async () => {
    using project = createProject(PAGES)
    const args = ['./site', '-b', '127.0.0.1:0', ...engine]
    await using taipan = await startTaipan(args, { cwd: project.folder })
    const get = async (target: string) => {
      const { status, text } = await fetchRaw(taipan.url, { target })
      return `${status} ${text}`
    }
    expect(await get('/?a=b')).toBe('200 <html><p>0 b</p>\n<p>1 b</p>\nfoot</html>')
    const head = await fetchRaw(taipan.url, { target: '/head.psp' })
    expect([head.status, head.text, head.headers('x-a'), head.headers('content-type')]).toEqual([
      418,
      'printed\nend',
      ['1', '2'],
      ['text/plain'],
    ])
    const moved = await fetchRaw(taipan.url, { target: '/moved.psp' })
    expect([moved.status, moved.text, moved.headers('location')]).toEqual([302, '', ['/index.psp']])
    expect(await get('/exits.psp')).toBe('200 part')
    expect(await get('/fails.psp')).toBe('500 Internal Server Error\n')
    expect(await get('/handled.psp')).toBe('500 failed: division by zero')
    expect(await get('/wrong.psp')).toBe('500 Internal Server Error\n')
    expect(await get('/part/foot.inc')).toBe('404 Not Found\n')
    await taipan.waitForOutput(/site\/fails\.psp", line 3/)
    await taipan.waitForOutput(/site\/wrong\.psp.*line 2/)
    writeFileSync(join(project.folder, 'site/part/foot.inc'), 'changed')
    expect(await get('/?a=b')).toBe('200 <html><p>0 b</p>\n<p>1 b</p>\nchanged</html>')
  })
})

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
    expect((await get('/huge.py')).length).toBe(4 + 30 * (2 ** 20 + 1))
    expect(await get('/replaced.py')).toBe('200 KEPT\n')
    expect(await get('/hello.py')).toBe('200 hello\n')
    expect(await get('/closes.py')).toBe('200 all\n')
    const encoded = await fetchRaw(taipan.url, { target: '/encoded.py' })
    expect([...encoded.body]).toEqual([0xe9])
    const wrapped = await fetchRaw(taipan.url, { target: '/wrapped.py' })
    expect(wrapped.body.toString('utf16le')).toBe('last')
    // As in a program: only LF ends a line.
    const lines = { method: 'POST', target: '/lines.py', body: 'a\r\nb\rc\nd' }
    expect((await fetchRaw(taipan.url, lines)).text).toBe("['a\\r\\n', 'b\\rc\\n', 'd']\n")
    const typed = [['Content-Type', 'application/x-www-form-urlencoded']] as const
    const named = { method: 'POST', target: '/class.py', body: 'a=1', headers: typed }
    const { text } = await fetchRaw(taipan.url, named)
    expect(text.split('\n')).toEqual(['True False r', ...Array(3).fill('True False w'), '1', ''])
    const wraps = await fetchRaw(taipan.url, { method: 'POST', target: '/wraps.py', body: 'in' })
    expect(wraps.body.toString('latin1')).toBe('in\nmeanwhile\nkept\n True\né\n')
    await taipan.waitForOutput(/to the log/)
    expect(await get('/descriptors.py')).toBe('200 True\nprogram\nrefused \nrefused A=B\n')
    expect(await get('/thread.py')).toBe('200 thread\n')
    expect(await get('/silent.py')).toBe('200 before\n')
    expect(await get('/answers.py')).toBe('303 ')
    const form = await fetchRaw(taipan.url, {
      method: 'POST',
      target: '/form.py?a=2',
      headers: [['Content-Type', 'multipart/form-data; boundary=x']],
      body: UPLOAD,
    })
    expect(form.text).toBe("['2', '1'] f.txt 200003 b'end'\n")
    const programs = await get('/programs.py?q')
    const numbers = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join('')
    expect(programs).toBe(
      `200 one\nrun\nsystem q\n${numbers}both\n3\nb'kept\\n'\npart\nstopped\ngot line\nlast\n`,
    )
    expect(await get('/forks.py')).toBe('200 parent\n4\n1\n1\n0\nend\n')
    await taipan.waitForOutput(/text of the child/)
    await taipan.waitForOutput(/ZeroDivisionError/)
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

const SURROUNDINGS = {
  'site/variables.py': `
import json, os, subprocess, sys, threading
names = ["GATEWAY_INTERFACE", "SERVER_SOFTWARE", "REQUEST_METHOD", "QUERY_STRING", "SCRIPT_NAME", "PATH_INFO", "PATH_TRANSLATED",
         "SCRIPT_FILENAME", "DOCUMENT_ROOT", "REMOTE_ADDR", "REMOTE_HOST", "SERVER_NAME", "SERVER_PORT", "SERVER_ADDR", "HTTP_X_MINE", "HTTP_AUTHORIZATION", "GIVEN"]
os.environ["OWN"] = os.environ["QUERY_STRING"]
def child(how):
    if how == "popen":
        return os.popen("echo $OWN").read().strip()
    if how == "explicit":
        return subprocess.check_output(["/bin/sh", "-c", "echo $OWN"], env={}, text=True).strip()
    return subprocess.check_output("echo $OWN", shell=True, text=True).strip()
inside = []
thread = threading.Thread(target=lambda: inside.append(os.environ["OWN"]))
thread.start(); thread.join()
print("Content-Type: application/json\\n")
print(json.dumps({"variables": {name: os.environ.get(name) for name in names}, "argv": sys.argv, "cwd": os.getcwd(), "thread": inside[0],
                  "children": [child("popen"), child("shell"), child("explicit")]}))
`,
  'site/slow.py': `
import os, time
print("Content-Type: text/plain\\n")
os.environ["OWN"] = os.environ["QUERY_STRING"]
for _ in range(20):
    time.sleep(0.002)
    assert os.environ["OWN"] == os.environ["QUERY_STRING"]
print(os.environ["OWN"], os.popen("echo $OWN").read().strip(), os.path.basename(os.getcwd()))
`,
  'site/sub/slow.py': `
import os, time
for _ in range(20):
    time.sleep(0.002)
    assert os.path.basename(os.getcwd()) == "sub"
os.chdir("/")
print("Content-Type: text/plain\\n\\nsub")
`,
  'site/classes.py': `
import dataclasses, pickle, typing
@dataclasses.dataclass
class Point:
    x: "typing.ClassVar[int]"
    y: int = 2
print(pickle.loads(pickle.dumps(Point())))
`,
  'site/imports.py':
    'import helper, package.inner\nfrom package import other\nprint(helper.NAME, package.inner.NAME, other.NAME)',
  'site/helper.py': 'from deeper import NAME',
  'site/deeper.py': 'NAME = "root"',
  'site/package/__init__.py': '',
  'site/package/inner.py': 'from . import other\nNAME = other.NAME + "!"',
  'site/package/other.py': 'import deeper\nNAME = "other of " + deeper.NAME',
  'site/sub/imports.py': 'import helper, deeper\nprint(helper.NAME, deeper.NAME)',
  'site/sub/helper.py': 'NAME = "sub"',
  'site/missing.py': 'import nowhere',
  'site/threads.py': `
import threading
from concurrent.futures import ThreadPoolExecutor
def work(text):
    print(text)
threads = [threading.Thread(target=work, args=(str(i),)) for i in range(3)]
for thread in threads: thread.start(); thread.join()
with ThreadPoolExecutor(1) as pool: pool.submit(work, "pool").result()
`,
  'site/logs.py':
    'import logging\nlogging.basicConfig(force=True)\nprint(len(logging.root.handlers))',
  'site/levels.py':
    'import logging\nbefore = logging.root.level\nlogging.basicConfig(level=5, force=True)\nprint(before, logging.root.level)',
}

describe.each([
  ['daemon', []],
  ['embedded with threads', ['-e', 'embedded', '-t', '4', '-p', '1']],
  ['embedded on the thread of Node', ['-e', 'embedded', '-p', '1']],
] as const)('what surrounds a script, %s', (_name, engine) => {
  test('belongs to its request', async () => {
    using project = createProject(SURROUNDINGS)
    const { folder } = project
    const args = ['./site', '-b', '127.0.0.1:0', '--env', 'GIVEN=yes', ...engine]
    await using taipan = await startTaipan(args, { cwd: folder })
    const get = async (target: string) => (await fetchRaw(taipan.url, { target })).text.trim()
    const headers = [
      ['Host', 'shop.test:8080'],
      ['X-Mine', 'é'],
      ['Authorization', 'Basic x'],
    ] as const
    const facts = await fetchRaw(taipan.url, { target: '/variables.py/a%20b?q', headers })
    expect(JSON.parse(facts.text)).toEqual({
      variables: {
        GATEWAY_INTERFACE: 'CGI/1.1',
        SERVER_SOFTWARE: expect.stringMatching(/^taipan\/\d/i),
        REQUEST_METHOD: 'GET',
        QUERY_STRING: 'q',
        SCRIPT_NAME: '/variables.py',
        PATH_INFO: '/a b',
        PATH_TRANSLATED: join(folder, 'site/a b'),
        SCRIPT_FILENAME: join(folder, 'site/variables.py'),
        DOCUMENT_ROOT: join(folder, 'site'),
        REMOTE_ADDR: '127.0.0.1',
        REMOTE_HOST: '127.0.0.1',
        SERVER_NAME: 'shop.test',
        SERVER_PORT: '8080',
        SERVER_ADDR: '127.0.0.1',
        HTTP_X_MINE: expect.any(String),
        HTTP_AUTHORIZATION: null,
        GIVEN: 'yes',
      },
      argv: [join(folder, 'site/variables.py'), 'q'],
      cwd: join(folder, 'site'),
      thread: 'q',
      children: ['q', 'q', ''],
    })
    const outside = await get('/variables.py/a/%2e%2e/%2e%2e/x')
    expect(JSON.parse(outside).variables).toMatchObject({
      PATH_INFO: '/a/../../x',
      PATH_TRANSLATED: null,
    })
    const names = Array.from({ length: 12 }, (_, index) => String(index))
    const texts = await Promise.all(
      names.flatMap((name) => [get(`/slow.py?${name}`), get('/sub/slow.py')]),
    )
    expect(texts).toEqual(names.flatMap((name) => [`${name} ${name} site`, 'sub']))
    expect(await get('/classes.py')).toBe('Point(y=2)')
    expect(await get('/threads.py')).toBe('0\n1\n2\npool')
    expect(await get('/logs.py')).toBe('1')
    expect(await get('/levels.py')).toMatch(/^(?!5 )\d+ 5$/)
    expect(await get('/levels.py')).toMatch(/^(?!5 )\d+ 5$/)
    expect(await get('/imports.py')).toBe('root other of root! other of root')
    expect(await get('/sub/imports.py')).toBe('sub root')
    writeFileSync(join(folder, 'site/deeper.py'), 'NAME = "changed"')
    expect(await get('/imports.py')).toBe('changed other of changed! other of changed')
    expect(await get('/sub/imports.py')).toBe('sub changed')
    writeFileSync(join(folder, 'site/sub/deeper.py'), 'NAME = "new"')
    expect(await get('/sub/imports.py')).toBe('sub new')
    expect(await get('/missing.py')).toBe('Internal Server Error')
    writeFileSync(join(folder, 'site/nowhere.py'), 'print("found")')
    expect(await get('/missing.py')).toBe('found')
    expect((await taipan.stop()).output).not.toMatch(/error(?!.*(nowhere|ModuleNotFoundError))/)
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
    'pkg/mod.py': 'import os\ndef name(conn):\n    return os.environ["SCRIPT_FILENAME"][-10:]\n',
    'get/a.own': '',
    'taipan.config.json': JSON.stringify({
      routes: [
        { path: '/', scripts: 'site', kinds: { '.tmpl': 'script' }, index: 'start.html' },
        { path: '/short', scripts: 'site', extension: 'hidden' },
        { path: '/method', scripts: 'get', method: 'GET' },
        { path: '/method', scripts: 'post' },
        { path: '/match', scripts: 'get', match: '*.py' },
        { path: '/match', static: 'site' },
        { path: '/next', scripts: 'get', fallthrough: true },
        { path: '/next', scripts: 'site' },
        { path: '/function', handler: 'pkg.mod:name' },
        { path: '/kinds', scripts: 'get', kinds: { '.own': 'pkg.mod:name' } },
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
  expect(await get('/next/x.py')).toBe('200 get')
  expect(await get('/next/shop.py')).toBe('200 shop')
  expect(await get('/function')).toBe('200 pkg/mod.py')
  expect(await get('/kinds/a.own')).toBe('200 /get/a.own')
})

test('a module that two routes and other modules have is loaded again for all', async () => {
  using project = createProject({
    'site/x.py': 'import helper\nprint(helper.TEXT)',
    'site/helper.py': 'TEXT = "old"',
    'site/sub/x.py': 'from own import TEXT\nprint(TEXT)',
    'site/sub/own.py': 'from helper import TEXT',
    'taipan.config.json': JSON.stringify({
      groups: { web: { processes: 1 } },
      routes: [
        { path: '/', scripts: 'site' },
        { path: '/short', scripts: 'site', extension: 'hidden' },
      ],
    }),
  })
  await using taipan = await startTaipan(['-b', '127.0.0.1:0'], { cwd: project.folder })
  const getAll = async () => [
    (await fetchRaw(taipan.url, '/short/x')).text,
    (await fetchRaw(taipan.url, '/x.py')).text,
    (await fetchRaw(taipan.url, '/sub/x.py')).text,
  ]
  expect((await fetchRaw(taipan.url, '/x.py')).text).toBe('old\n')
  expect(await getAll()).toEqual(['old\n', 'old\n', 'old\n'])
  writeFileSync(join(project.folder, 'site/helper.py'), 'TEXT = "another"')
  expect(await getAll()).toEqual(['another\n', 'another\n', 'another\n'])
})

test('the switches of scripts, each off in a route of its own', async () => {
  using project = createProject({
    'site/facts.py': `
import json, os, sys
print(json.dumps([os.environ.get("QUERY_STRING"), sys.argv[1:], os.getcwd()]))
os.environ["LEFT"] = "by a request"
os.chdir("/")
`,
    'site/left.py': 'import os\nprint(os.environ.get("LEFT"))',
    'site/quiet.py':
      'import sys\nprint("said", repr(sys.stdin.read()), sys.stdin.buffer.read(), flush=True)',
    'site/quiet.psp': '<% print("said by the page") %><p><%= form.getfirst("a") %>',
    'site/same.py': 'print("1")',
    'site/same.psp': '1',
    'site/runs.py': 'execfile("part.inc")\nprint(part)\nimport helper',
    'site/helper.py': 'execfile("part.inc", globals())\nprint(part)',
    'site/part.inc': 'part = "of a file"',
    'taipan.config.json': JSON.stringify({
      groups: { web: { processes: 1, threads: 1 } },
      routes: [
        { path: '/', scripts: 'site' },
        { path: '/stdio', scripts: 'site', attachStdio: false },
        { path: '/cgi', scripts: 'site', setupCgiEnv: false },
        { path: '/exec', scripts: 'site', useCachingExec: false },
        { path: '/install', scripts: 'site', installCachingExec: true },
      ],
    }),
  })
  await using taipan = await startTaipan(['-b', '127.0.0.1:0'], { cwd: project.folder })
  const get = async (target: string) => {
    const { status, text } = await fetchRaw(taipan.url, target)
    return `${status} ${text}`
  }
  expect(await get('/facts.py?a=b')).toBe(
    `200 ["a=b", ["a=b"], ${JSON.stringify(join(project.folder, 'site'))}]\n`,
  )
  expect(await get('/cgi/left.py')).toBe('200 None\n')
  const [, ...outside] = JSON.parse((await fetchRaw(taipan.url, '/cgi/facts.py?a=b')).text)
  expect(outside.at(-1)).toBe(project.folder)
  expect(outside[0]).not.toContain('a=b')
  expect(await get('/cgi/left.py')).toBe('200 by a request\n')
  expect(await get('/stdio/quiet.py')).toMatch(/^500 /)
  await taipan.waitForOutput(/said '' b''/)
  await taipan.waitForOutput(/has not answered by the connection object/)
  expect(await get('/stdio/quiet.psp?a=1')).toBe('200 <p>1')
  await taipan.waitForOutput(/said by the page/)
  const replace = (text: string) => {
    for (const [name, content] of [
      ['same.py', `print("${text}")`],
      ['same.psp', text],
    ] as const) {
      writeFileSync(join(project.folder, 'site', name), content)
      utimesSync(join(project.folder, 'site', name), 1e9, 1e9)
    }
  }
  const getBoth = async (route: string) =>
    `${await get(`${route}/same.py`)}${await get(`${route}/same.psp`)}`
  replace('1')
  expect([await getBoth(''), await getBoth('/exec')]).toEqual(['200 1\n200 1', '200 1\n200 1'])
  replace('2')
  expect([await getBoth(''), await getBoth('/exec')]).toEqual(['200 1\n200 1', '200 2\n200 2'])
  expect(await get('/runs.py')).toMatch(/^500 /)
  expect(await get('/install/runs.py')).toBe('200 of a file\nof a file\n')
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
