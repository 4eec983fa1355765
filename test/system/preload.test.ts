import { chmodSync, existsSync, readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { PYTHON } from '../applications/support/site.ts'
import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { pollUntil } from '../support/raw-client.ts'

// A Python that every user can read, as no virtual environment below /root is.
const SYSTEM_PYTHON = '/usr/bin/python3'
const isRoot = process.getuid?.() === 0 && existsSync(SYSTEM_PYTHON)

const IDENTITY = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]

const FACTS = `
import os
LOADED = [os.getpid(), os.getuid(), os.getgid()]
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    facts = [*LOADED, os.getpid(), os.getuid(), os.getgid(), os.getppid()]
    return [" ".join(map(str, facts)).encode()]
`

const DJANGO = `
from django.conf import settings
settings.configure(
    SECRET_KEY="x", STATIC_URL="/static/", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib." + name for name in (
        "admin", "auth", "contenttypes", "sessions", "messages", "staticfiles")],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }],
)
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
import os
from django.contrib import admin
from django.http import HttpResponse
from django.urls import path
urlpatterns = [
    path("", lambda request: HttpResponse(str(os.getpid()))),
    path("admin/", admin.site.urls),
]
`

/** Bytes that a process has for itself alone. */
function readPrivateMemory(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  const sizes = [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)]
  return sizes.reduce((sum, [, size]) => sum + Number(size) * 1024, 0)
}

function isThere(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

async function readFacts({ url }: RunningTaipan): Promise<number[]> {
  return (await (await fetch(url)).text()).split(' ').map(Number)
}

test.runIf(existsSync(PYTHON) && process.platform === 'linux')(
  'a Django worker that is forked has at least 60 % less memory of its own',
  async () => {
    using project = createProject({ 'app.py': DJANGO })
    const sizes: number[] = []
    for (const options of [[], ['--preload']]) {
      await using taipan = await startTaipan(
        ['app.py', '-b', '127.0.0.1:0', '--python', PYTHON, ...options],
        { cwd: project.folder },
      )
      for (let round = 0; round < 50; round++) {
        expect((await fetch(`${taipan.url}/admin/login/`)).status).toBe(200)
        await (await fetch(taipan.url)).text()
      }
      const pid = Number(await (await fetch(taipan.url)).text())
      sizes.push(readPrivateMemory(pid))
    }
    const [plain = 0, forked = 0] = sizes
    expect(1 - forked / plain, `${plain} and ${forked}`).toBeGreaterThan(0.6)
  },
)

test.skipIf(!isRoot)(
  'the template is the user before it imports, and so are its workers',
  async () => {
    using project = createProject({ 'app.py': FACTS })
    chmodSync(project.folder, 0o755)
    await using taipan = await startTaipan(
      ['app.py', '--preload', '-u', 'www-data', '-b', '127.0.0.1:0', '--python', SYSTEM_PYTHON],
      { cwd: project.folder },
    )
    const [template, uid, gid, worker, ownUid, ownGid, parent] = await readFacts(taipan)
    expect([uid, gid, ownUid, ownGid]).toEqual([33, 33, 33, 33])
    expect(parent).toBe(template)
    expect(worker).not.toBe(template)
  },
)

const HANGING = `${FACTS}
import subprocess, time
plain = application
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/hang":
        child = subprocess.Popen(["/bin/sh", "-c", "trap '' TERM; sleep 1000"])
        with open(os.path.join(os.path.dirname(__file__), "child"), "w") as file:
            file.write(str(child.pid))
        while True:
            try:
                time.sleep(1000)
            except BaseException:
                pass
    return plain(environ, start_response)
`

test.skipIf(!isRoot)(
  'a server of another user has its workers started, signalled and ended',
  async () => {
    using project = createProject({ 'app.py': HANGING })
    chmodSync(project.folder, 0o777)
    const group = { user: 'www-data', preload: true, processes: 2, timeouts: { shutdown: '1s' } }
    project.write(
      'taipan.config.json',
      JSON.stringify({
        app: 'app.py',
        user: 'nobody',
        python: SYSTEM_PYTHON,
        bind: '127.0.0.1:0',
        groups: { web: group },
      }),
    )
    const taipan = await startTaipan(['--config', 'taipan.config.json'], { cwd: project.folder })
    const [template = 0, uid, , worker = 0, ownUid] = await readFacts(taipan)
    expect([uid, ownUid]).toEqual([33, 33])
    fetch(`${taipan.url}/hang`).catch(() => {})
    const file = project.path('child')
    const child = await pollUntil(
      () => (existsSync(file) ? Number(readFileSync(file, 'utf8')) || undefined : undefined),
      'a child of a request',
    )
    taipan.kill('SIGHUP')
    await taipan.waitForOutput(/^reloaded/m)
    await pollUntil(
      () => (!isThere(template) && !isThere(worker) && !isThere(child)) || undefined,
      'the end of the old ones and what they have started',
    )
    const [young = 0] = await readFacts(taipan)
    expect(young).not.toBe(template)
    await taipan.stop()
    await pollUntil(() => !isThere(young) || undefined, 'the end of the new template')
  },
)

test('neither template nor worker survives a SIGKILL of the server', async () => {
  using project = createProject({ 'app.py': FACTS })
  const taipan = await startTaipan(['app.py', '--preload', '-b', '127.0.0.1:0'], {
    cwd: project.folder,
  })
  const [template = 0, , , worker = 0] = await readFacts(taipan)
  taipan.kill('SIGKILL')
  await pollUntil(() => (!isThere(template) && !isThere(worker)) || undefined, 'their end')
})

test('a template that was killed is missed by nobody, and a killed server leaves nothing of it', async () => {
  using project = createProject({ 'app.py': FACTS })
  const taipan = await startTaipan(['app.py', '--preload', '-p', '1', '-b', '127.0.0.1:0'], {
    cwd: project.folder,
  })
  const [template = 0, , , worker = 0] = await readFacts(taipan)
  process.kill(template, 'SIGKILL')
  await taipan.waitForOutput(/template web\/\d+ ended with signal SIGKILL; its workers go on/)
  expect((await readFacts(taipan)).slice(0, 4)).toEqual([template, ...IDENTITY, worker])
  process.kill(worker, 'SIGKILL')
  const [another = 0, , , next = 0] = await readFacts(taipan)
  expect([template, worker]).not.toContain(another)
  process.kill(another, 'SIGKILL')
  await taipan.waitForOutput(new RegExp(`template web/${another} ended`))
  // Its parent is gone, and that of the template, too.
  taipan.kill('SIGKILL')
  await pollUntil(() => (!isThere(another) && !isThere(next)) || undefined, 'their end')
})
