import { expect, test } from 'vitest'
import { startTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { PYTHON } from './support/site.ts'

const RAISE = 'raise LookupError("marker <b>&")'
const SHOWN = 'LookupError'
const OWN_PAGE = 'Copy as text'
const PAGE = { headers: { accept: 'text/html' } }

interface Row {
  readonly source: string
  /** What the log says of it. */
  readonly note: RegExp
  /** Part of the page: of Taipan's own, or of the framework's. */
  readonly page: string
}

const FLASK = `from flask import Flask
app = Flask(__name__)
@app.get("/")
def index():
    ${RAISE}
`

const ROWS: Readonly<Record<string, Row>> = {
  Flask: { source: FLASK, note: /FLASK_DEBUG=1 of Flask, .* FLASK_DEBUG=0 turns/, page: OWN_PAGE },
  Quart: {
    source: `from quart import Quart
app = Quart(__name__)
@app.get("/")
async def index():
    ${RAISE}
`,
    note: /PROPAGATE_EXCEPTIONS = True of Quart, .* QUART_DEBUG=0 turns/,
    page: OWN_PAGE,
  },
  FastAPI: {
    source: `from fastapi import FastAPI
app = FastAPI()
@app.get("/")
async def index():
    ${RAISE}
`,
    note: /debug = True of FastAPI, .* --reload in its place/,
    page: 'traceback-container',
  },
  Starlette: {
    source: `from starlette.applications import Starlette
from starlette.routing import Route
async def index(request):
    ${RAISE}
app = Starlette(routes=[Route("/", index)])
`,
    note: /debug = True of Starlette/,
    page: 'traceback-container',
  },
  Bottle: {
    source: `import bottle
app = bottle.Bottle()
@app.get("/")
def index():
    ${RAISE}
`,
    note: /catchall = False of Bottle/,
    page: OWN_PAGE,
  },
  Falcon: {
    source: `import falcon
class Index:
    def on_get(self, request, response):
        ${RAISE}
app = falcon.App()
app.add_route("/", Index())
`,
    note: /an error handler that raises for all exceptions of Falcon/,
    page: OWN_PAGE,
  },
  'Falcon, asynchronous': {
    source: `import falcon.asgi
class Index:
    async def on_get(self, request, response):
        ${RAISE}
app = falcon.asgi.App()
app.add_route("/", Index())
`,
    note: /an error handler that raises for all exceptions of Falcon/,
    page: OWN_PAGE,
  },
  Sanic: {
    source: `from sanic import Sanic
app = Sanic("shop")
@app.get("/")
async def index(request):
    ${RAISE}
`,
    note: /state\.mode = Mode\.DEBUG of Sanic/,
    page: 'tracerite',
  },
  Litestar: {
    source: `from litestar import Litestar, get
@get("/")
async def index() -> str:
    ${RAISE}
app = Litestar([index])
`,
    note: /LITESTAR_DEBUG=1 of Litestar/,
    page: 'frame',
  },
  Quixote: {
    source: `from quixote.publish import Publisher
from quixote.directory import Directory
from quixote.wsgi import QWIP
class Root(Directory):
    _q_exports = [""]
    def _q_index(self):
        ${RAISE}
publisher = Publisher(Root())
publisher.is_thread_safe = True
app = QWIP(publisher)
`,
    note: /display_exceptions = True of Quixote/,
    page: 'Traceback',
  },
}

interface Answer {
  readonly status: number
  readonly page: string
  readonly output: string
}

/** Serves the source, gets its error as a browser does, and stops. */
async function visit(
  source: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  using project = createProject({ 'app.py': source })
  const options = { cwd: project.folder, env }
  const command = ['app.py', '-b', '127.0.0.1:0', '--python', PYTHON, ...args]
  const taipan = await startTaipan(command, options)
  const response = await fetch(taipan.url, PAGE)
  const page = await response.text()
  const { output } = await taipan.stop()
  return { status: response.status, page, output }
}

async function expectShown(name: string, engine: string): Promise<void> {
  const { source = '', note, page } = ROWS[name] ?? {}
  const answer = await visit(source, ['--dev', '-e', engine])
  expect(answer.status).toBe(500)
  expect(answer.page).toContain(SHOWN)
  expect(answer.page).toContain(page)
  expect(answer.output).toMatch(note ?? /$^/)
  expect(answer.output).toContain('LookupError: marker')
}

test.each(Object.keys(ROWS))('--dev shows the errors of %s', async (name) => {
  await expectShown(name, 'daemon')
})

test.each(['Flask', 'Quart', 'FastAPI', 'Starlette'])(
  '--dev shows the errors of %s inside Node',
  async (name) => {
    await expectShown(name, 'embedded')
  },
)

test.each(['Flask', 'FastAPI', 'Quart'])('without --dev %s shows nothing', async (name) => {
  const answer = await visit(ROWS[name]?.source ?? '', [])
  expect(answer.status).toBe(500)
  expect(answer.page).not.toMatch(/LookupError|marker|Traceback/)
  expect(answer.output).toContain('LookupError: marker')
  expect(answer.output).not.toContain('--dev sets')
})

test('what the environment says of Flask wins', async () => {
  const answer = await visit(FLASK, ['--dev'], { FLASK_DEBUG: '0' })
  expect(answer.status).toBe(500)
  expect(answer.page).not.toMatch(/LookupError|marker/)
  expect(answer.output).not.toContain('--dev sets')
})

test.each([
  [true, 'DEBUG = True', /^/],
  [false, 'Server Error', /only with DEBUG = True in the settings of Django/],
])('Django with DEBUG = %s', async (debug, page, note) => {
  const source = `from django.conf import settings
settings.configure(DEBUG=${debug ? 'True' : 'False'}, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="x")
from django.core.wsgi import get_wsgi_application
from django.urls import path
def index(request):
    ${RAISE}
urlpatterns = [path("", index)]
app = get_wsgi_application()
`
  const answer = await visit(source, ['--dev'])
  expect(answer.status).toBe(500)
  expect(answer.page.includes(SHOWN)).toBe(debug)
  expect(answer.page).toContain(page)
  expect(answer.output).toMatch(note)
})
