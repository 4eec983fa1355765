import { describe, expect, test } from 'vitest'

import { startTaipan, withoutRoot } from '../support/cli.ts'
import { PYTHON } from '../applications/support/site.ts'
import { createProject } from '../support/project.ts'
import { DEADLINE } from '../support/deadlines.ts'

const ENGINES = ['daemon', 'embedded'] as const

const FLASK = `
from flask import Flask
app = Flask(__name__)
@app.get("/")
def name(): return __name__
`

/** Views that register themselves in the module that has the application. */
function views(from: string, text = 'view'): string {
  return `from ${from} import app\n@app.get("/view")\ndef view(): return "${text}"\n`
}

interface Layout {
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  readonly words: readonly string[]
  /** Below the project's folder. */
  readonly cwd?: string
  /** Name of the module with the application. */
  readonly module: string
}

const PACKAGE = {
  'src/shop/__init__.py': '',
  'src/shop/wsgi.py': `${FLASK}from . import views\n`,
  'src/shop/views.py': views('shop.wsgi'),
}
const FLAT = { 'app.py': `${FLASK}import views\n`, 'views.py': views('app') }
const STRAY = { ...FLAT, '__init__.py': '' }

const LAYOUTS: readonly Layout[] = [
  { name: 'a file and its neighbour', files: FLAT, words: ['app.py'], module: 'app' },
  { name: 'nothing named', files: FLAT, words: [], module: 'app' },
  { name: 'a package in src', files: PACKAGE, words: ['src/shop/wsgi.py'], module: 'shop.wsgi' },
  { name: 'its name alone', files: PACKAGE, words: ['shop'], module: 'shop.wsgi' },
  {
    name: 'from within a package',
    files: PACKAGE,
    cwd: 'src/shop',
    words: ['wsgi.py'],
    module: 'shop.wsgi',
  },
  { name: 'a project with an __init__.py', files: STRAY, words: ['app.py'], module: 'app' },
  {
    name: 'a folder without __init__.py',
    files: {
      'backend/app.py': `${FLASK}from backend import views\n`,
      'backend/views.py': views('backend.app'),
    },
    words: ['backend/app.py'],
    module: 'app',
  },
]

async function get(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE) })
  return `${response.status} ${await response.text()}`
}

function words(engine: string): string[] {
  return ['-b', '127.0.0.1:0', '-p', '1', '-e', engine, '--python', PYTHON]
}

const SHOP = `
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
db = SQLAlchemy(app)
import models
@app.get("/")
def index():
    db.create_all()
    db.session.add(models.Book(title="Emma"))
    db.session.commit()
    return ",".join(book.title for book in models.Book.query)
`

const MODELS = `
from app import db
class Book(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    title = db.Column(db.String)
`

const TASKS = `
from celery import Celery
from flask import Flask
app = Flask(__name__)
celery = Celery("shop", broker="memory://", backend="cache+memory://")
@celery.task
def add(a, b): return a + b
@app.get("/")
def index(): return f"{add.name} {add.apply((1, 2)).get()} {'app.add' in celery.tasks}"
`

describe.each(ENGINES)('what counts on the name of the application module, %s:', (engine) => {
  test.each([
    ['Flask-SQLAlchemy', { 'app.py': SHOP, 'models.py': MODELS }, '200 Emma'],
    ['Celery', { 'app.py': TASKS }, '200 app.add 3 True'],
  ])('%s', async (_name, files, answer) => {
    using project = createProject(files)
    const taipan = await startTaipan(['app.py', ...words(engine)], { cwd: project.folder })
    expect(await get(taipan.url)).toBe(answer)
    await taipan.stop()
  })
})

describe.each(ENGINES)('layouts of an application of Flask, %s:', (engine) => {
  test.each(LAYOUTS)('$name', async ({ files, words: named, cwd = '', module }) => {
    using project = createProject(files)
    const taipan = await startTaipan([...named, ...words(engine)], { cwd: project.path(cwd) })
    expect(await get(taipan.url)).toBe(`200 ${module}`)
    expect(await get(`${taipan.url}/view`)).toBe('200 view')
    expect(withoutRoot(taipan.output)).not.toMatch(/warn|error/)
    await taipan.stop()
  })

  test('two files of one name: the second is a module of its own, and the log says so', async () => {
    using project = createProject({
      'a/app.py': FLASK,
      'b/app.py': FLASK,
      'taipan.config.json': JSON.stringify({
        apps: { one: { target: 'a/app.py' }, two: { target: 'b/app.py' } },
        routes: [
          { path: '/one', app: 'one' },
          { path: '/two', app: 'two' },
        ],
      }),
    })
    const taipan = await startTaipan(words(engine), { cwd: project.folder })
    expect(await get(`${taipan.url}/one/`)).toBe('200 app')
    expect(await get(`${taipan.url}/two/`)).toMatch(/^200 _taipan_app_app_/)
    expect(taipan.output).toMatch(
      /warning .*b\/app\.py is loaded as a module of its own.*a\/app\.py/,
    )
    await taipan.stop()
  })
})
