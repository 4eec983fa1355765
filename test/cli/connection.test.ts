import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { startTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw, type RawRequest } from '../support/raw-client.ts'

const SITE = {
  'site/pywx.py': `
import Ns
conn = Ns.GetConn()
query = conn.GetQuery()
conn.SetHeaders("X-Mine", "1")
conn.SetHeaders("X-Mine", "2")
Ns.Log(Ns.Notice, "asked for %s" % query["name"])
conn.ReturnHtml(200, "<p>%s from %s" % (Ns.QuoteHtml(query["name"]), Ns.ConfigGetValue("site", "town")))
`,
  'site/facts.py': `
from taipan import conn
import threading
found = []
thread = threading.Thread(target=lambda: found.append(conn.request.url))
thread.start(); thread.join()
print("Content-Type: text/plain\\n")
print(conn.request.method, found[0], conn.request.query, conn.headers["x-mine"], conn.peer, conn.query["q"])
`,
  'site/joined.py': `
from taipan import conn
conn.status = 404
conn.set_headers("X-A", "1")
print("Content-Type: text/plain\\nX-A: 2\\n\\njoined", end="")
`,
  'site/typed.py': `
from taipan import conn
conn.set_type_header("text/plain")
print("Location: /elsewhere", end="")
`,
  'site/both.py':
    'from taipan import conn\nprint("before")\nconn.return_html(200, "reply")\nprint("after")',
  'site/late.py':
    'from taipan import conn\nconn.write("first")\nconn.flush()\nconn.set_headers("X-A", "1")',
  'site/raises.py':
    'from taipan import conn\nconn.return_html(200, "reply")\nraise LookupError("after the reply")',
  'site/inject.py': `
from taipan import conn
conn.set_headers("X-A", conn.query["v"])
conn.return_ok()
`,
  'site/moved.py': 'from taipan import conn\nconn.return_redirect("/facts.py")',
  'site/inside.py': `
from taipan import conn
print("dropped")
conn.redirect("/facts.py?q=inside")
`,
  'site/loop.py': 'from taipan import conn\nconn.redirect("/loop.py")',
  'site/file.py': 'from taipan import conn\nconn.return_file(200, None, conn.query["name"])',
  'site/text.txt': 'x'.repeat(200_000),
  'site/empty.py': 'from taipan import conn\nconn.set_headers("X-A", "1")',
  'site/closed.py': `
from taipan import conn
import pathlib, time
conn.return_html(200, "done")
conn.close()
while not pathlib.Path("go").exists(): time.sleep(0.01)
pathlib.Path("gone").touch()
`,
  'site/error.py': `
from taipan import ScriptError, conn
class Denied(ScriptError):
    def __call__(self, connection, url):
        connection.ReturnHtml(403, "denied %s %s" % (url, connection is not None))
        raise SystemExit
print("dropped")
conn.set_headers("X-A", "1")
raise Denied()
`,
  'site/count.py': `
state = __persistdict__
state["count"] = state.get("count", 0) + 1
print("Content-Type: text/plain\\n")
print(state["count"], end="")
`,
  'site/page.psp': `<%
from taipan import conn
conn.set_headers("X-A", "1")
req.headers_out["X-B"] = "2"
conn.set_type_header("text/plain")
%>page of <%= conn.request.method %>`,
  'site/replies.psp': 'before<% from taipan import conn; conn.return_html(201, "reply") %>after',
  'site/book.py': `
import Ns
conn = Ns.GetConn()
db = Ns.DbHandle(Ns.DbPoolDefault(conn.Server()))
db.DML("create table if not exists book (name text)")
if conn.request.method == "POST":
    db.DML("insert into book values (?)", conn.GetQuery()["name"])
    db.DML("begin transaction")
    db.DML("insert into book values ('undone')")
row = db.Select("select name from book order by rowid")
names = []
while db.GetRow(row) == Ns.OK:
    names.append(row["name"])
conn.ReturnData(200, ",".join(names), "text/plain")
`,
  'site/upload.py': `
from taipan import conn
conn.return_data(200, "%d %d" % (conn.content_length, conn.flush_content()), "text/plain")
`,
  'site/session.py': `
from taipan import conn, session
session["a"] = 1
conn.return_html(200, "with a session")
`,
  'silent/x.py': 'from taipan import conn\nprint("logged")\nconn.return_html(200, "answered")',
  'silent/y.py': 'from taipan import conn\nprint("logged, too")\nconn.write("written")',
  'taipan.config.json': JSON.stringify({
    routes: [
      {
        path: '/',
        scripts: 'site',
        pools: { main: 'sqlite:data.db' },
        config: { site: { town: 'Utrecht' } },
      },
      { path: '/silent', scripts: 'silent', attachStdio: false },
    ],
  }),
}

describe.each([
  ['daemon', [], true],
  // There a script holds up everything until it ends.
  ['embedded on the thread of Node', ['-e', 'embedded', '-p', '1'], false],
] as const)('the connection object, %s', (_name, engine, sendsBeforeEnd) => {
  test('tells about requests and answers them', async () => {
    using project = createProject(SITE)
    await using taipan = await startTaipan(['-b', '127.0.0.1:0', ...engine], {
      cwd: project.folder,
    })
    const ask = async (target: string, more: Partial<RawRequest> = {}) =>
      fetchRaw(taipan.url, { target, ...more })
    const get = async (target: string, more: Partial<RawRequest> = {}) => {
      const { status, text, complete } = await ask(target, more)
      return complete ? `${status} ${text}` : `${status} ${text} (cut)`
    }

    const pywx = await ask('/pywx.py?name=%3CAda%3E')
    expect([pywx.status, pywx.text]).toEqual([200, '<p>&lt;Ada&gt; from Utrecht'])
    expect(pywx.headers('x-mine')).toEqual(['1', '2'])
    expect(pywx.headers('content-type')).toEqual(['text/html; charset=utf-8'])
    expect(pywx.headers('content-length')).toEqual(['27'])
    await taipan.waitForOutput(/asked for <Ada>/)

    const mine = { headers: [['X-Mine', 'my']] } as const
    expect(await get('/facts.py/a%20b?q=1', mine)).toBe(
      '200 GET /facts.py/a b q=1 my 127.0.0.1 1\n',
    )
    const joined = await ask('/joined.py')
    expect([joined.status, joined.text, joined.headers('x-a')]).toEqual([404, 'joined', ['1', '2']])
    expect(await get('/typed.py')).toBe('200 Location: /elsewhere')
    expect(await get('/both.py')).toBe('200 reply')
    await taipan.waitForOutput(/both\.py answers by its connection and prints, too/)
    expect(await get('/late.py')).toBe('200 first (cut)')
    await taipan.waitForOutput(/cannot change the header fields: a part of the response has been/)
    expect(await get('/raises.py')).toBe('500 Internal Server Error\n')
    expect(await get('/inject.py?v=1%0d%0aX-B:%202')).toBe('500 Internal Server Error\n')
    expect(await get('/empty.py')).toBe('500 Internal Server Error\n')

    const moved = await ask('/moved.py')
    expect([moved.status, moved.headers('location')]).toEqual([
      302,
      ['http://taipan.test/facts.py'],
    ])
    const body = { method: 'POST', body: 'a=b', ...mine }
    expect(await get('/inside.py', body)).toBe('200 GET /facts.py q=inside my 127.0.0.1 inside\n')
    expect((await ask('/loop.py')).status).toBe(500)

    const file = await ask('/file.py?name=text.txt')
    expect([file.status, file.text.length, file.complete]).toEqual([200, 200_000, true])
    expect(file.headers('content-type')).toEqual(['text/plain; charset=utf-8'])
    const modified = file.headers('last-modified')[0] ?? ''
    const known = await ask('/file.py?name=text.txt', {
      headers: [['If-Modified-Since', modified]],
    })
    expect([known.status, known.text]).toEqual([304, ''])
    const head = await ask('/file.py?name=text.txt', { method: 'HEAD' })
    expect([head.text, head.headers('content-length')]).toEqual(['', ['200000']])
    for (const name of ['none', '../data.db', '../taipan.config.json', '.', '%00'])
      expect((await ask(`/file.py?name=${name}`)).status).toBe(404)

    if (!sendsBeforeEnd) writeFileSync(join(project.folder, 'site/go'), '')
    expect(await get('/closed.py')).toBe('200 done')
    writeFileSync(join(project.folder, 'site/go'), '')
    await expect.poll(() => existsSync(join(project.folder, 'site/gone'))).toBe(true)

    const denied = await ask('/error.py?a')
    expect([denied.status, denied.text]).toEqual([403, 'denied /error.py?a True'])
    expect(denied.headers('x-a')).toEqual([])
    expect([await get('/count.py'), await get('/count.py')]).toEqual(['200 1', '200 2'])

    const page = await ask('/page.psp')
    expect([page.status, page.text]).toEqual([200, 'page of GET'])
    expect(['x-a', 'x-b', 'content-type'].map((name) => page.headers(name))).toEqual([
      ['1'],
      ['2'],
      ['text/plain'],
    ])
    expect(await get('/replies.psp')).toBe('201 reply')

    const sign = (name: string) =>
      get('/book.py', {
        method: 'POST',
        headers: [['Content-Type', 'application/x-www-form-urlencoded']],
        body: `name=${name}`,
      })
    expect(await sign('Ada')).toBe('200 Ada,undone')
    expect(await sign("O'Hara;--")).toBe("200 Ada,O'Hara;--,undone")
    expect(await get('/book.py')).toBe("200 Ada,O'Hara;--")
    expect(await get('/upload.py', { method: 'POST', body: 'x'.repeat(300_000) })).toBe(
      '200 300000 300000',
    )
    const session = await ask('/session.py')
    expect(session.text).toBe('with a session')
    expect(session.headers('set-cookie')).toHaveLength(1)

    const many = '&a=1'.repeat(1001)
    expect(await get(`/pywx.py?name=1${many}`)).toMatch(/^413 /)
    await taipan.waitForOutput(/pywx\.py: .* 1000 fields.*; answered with 413/)

    expect(await get('/silent/x.py')).toBe('200 answered')
    expect(await get('/silent/y.py')).toBe('200 written')
    await taipan.waitForOutput(/logged, too/)
    expect((await taipan.stop()).exitCode).toBe(0)
  })
})
