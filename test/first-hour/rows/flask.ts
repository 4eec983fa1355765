import { join } from 'node:path'

import { makeEnvironment } from '../environment.ts'
import { FACTORY, FLASK, FLASK_VIEWS } from './applications.ts'
import { ONE, type Row } from '../row.ts'

const HELLO = { '/': 'hello from flask', '/nothing': 404 }
const MADE = { '/': 'made by a factory' }

const TUTORIAL = {
  'pyproject.toml': '[project]\nname = "flaskr"\nversion = "1.0.0"\ndependencies = ["flask"]\n',
  'flaskr/__init__.py': `import os
from flask import Flask

def create_app(test_config=None):
    app = Flask(__name__, instance_relative_config=True)
    app.config.from_mapping(DATABASE=os.path.join(app.instance_path, "flaskr.sqlite"))
    app.config.from_pyfile("config.py", silent=True)
    from . import blog, db
    db.init_app(app)
    app.register_blueprint(blog.bp)
    return app
`,
  'flaskr/db.py': `import sqlite3
from flask import current_app, g

def get_db():
    if "db" not in g:
        g.db = sqlite3.connect(current_app.config["DATABASE"])
    return g.db

def close_db(error=None):
    db = g.pop("db", None)
    if db is not None:
        db.close()

def init_app(app):
    app.teardown_appcontext(close_db)
`,
  'flaskr/blog.py': `from flask import Blueprint, current_app, render_template
from .db import get_db

bp = Blueprint("blog", __name__, url_prefix="/blog")

@bp.route("/")
def index():
    version, = get_db().execute("select sqlite_version()").fetchone()
    return render_template("blog.html", name=current_app.config["NAME"], version=version)
`,
  'flaskr/templates/blog.html':
    '<link rel="stylesheet" href="{{ url_for(\'static\', filename=\'style.css\') }}">{{ name }} {{ version }}',
  'flaskr/static/style.css': 'body { color: teal }',
  'instance/config.py': 'NAME = "configured"\n',
  'instance/flaskr.sqlite': '',
}

const RUNS_ITSELF = `${FLASK}
if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000, debug=True)
`

const SRC = {
  'pyproject.toml': '[project]\nname = "store"\nversion = "1"\n',
  'src/store/__init__.py': '',
  'src/store/app.py': `${FLASK}\nfrom . import views\n`,
  'src/store/views.py': FLASK_VIEWS.replace('from app', 'from store.app'),
}

export const FLASK_ROWS: readonly Row[] = [
  { name: 'one file', files: { 'app.py': FLASK }, command: 'taipan serve app.py', pages: HELLO },
  {
    name: 'one file, nothing named',
    files: { 'app.py': FLASK },
    command: 'taipan serve',
    engines: ONE,
    pages: HELLO,
  },
  {
    name: 'one file by the name of its module',
    files: { 'hello.py': FLASK },
    command: 'taipan serve hello:app',
    engines: ONE,
    pages: HELLO,
  },
  {
    name: 'wsgi.py beside the application, as for gunicorn',
    files: { 'app.py': FLASK, 'wsgi.py': 'from app import app as application\n' },
    command: 'taipan serve wsgi',
    engines: ONE,
    pages: HELLO,
  },
  {
    name: 'a file that runs itself when it is the program',
    files: { 'run.py': RUNS_ITSELF },
    command: 'taipan serve run.py',
    pages: HELLO,
  },
  {
    name: 'views in a second file that imports the first',
    files: { 'app.py': `${FLASK}\nimport views\n`, 'views.py': FLASK_VIEWS },
    command: 'taipan serve app.py',
    pages: { ...HELLO, '/view': 'a view' },
  },
  {
    name: 'a factory in a file',
    files: { 'app.py': FACTORY },
    command: "taipan serve 'app:create_app()'",
    pages: MADE,
  },
  {
    name: 'a factory in a package, not named',
    files: { 'shop/__init__.py': FACTORY },
    command: 'taipan serve shop',
    engines: ONE,
    pages: MADE,
  },
  {
    name: 'the tutorial: factory, blueprint, database, template, instance folder',
    files: TUTORIAL,
    command: 'taipan serve flaskr',
    pages: {
      '/blog/': 'href="/static/style.css">configured 3.',
      '/static/style.css': 'teal',
      '/blog/nothing': 404,
    },
  },
  {
    name: 'the tutorial below a prefix',
    files: TUTORIAL,
    command: 'taipan serve flaskr --mount /site',
    engines: ONE,
    pages: { '/site/blog/': 'href="/site/static/style.css">configured', '/blog/': 404 },
  },
  {
    name: 'a package in src by its name',
    files: SRC,
    command: 'taipan serve store',
    pages: { ...HELLO, '/view': 'a view' },
  },
  {
    name: 'a package in src by its file',
    files: SRC,
    command: 'taipan serve src/store/app.py',
    engines: ONE,
    pages: { ...HELLO, '/view': 'a view' },
  },
  {
    name: 'a project of uv, its environment not activated',
    files: {
      'pyproject.toml': '[project]\nname = "shop"\nversion = "0.1.0"\ndependencies = ["flask"]\n',
      'uv.lock': 'version = 1\n',
      'main.py': FLASK,
    },
    prepare: (project) => makeEnvironment(join(project, '.venv')),
    env: { VIRTUAL_ENV: undefined },
    command: 'taipan serve main.py',
    pages: HELLO,
    says: [/loading main\.py with \S+\/shop\/\.venv\/bin\/python \(/],
  },
  {
    name: 'an error in a view: a page without details, the traceback in the log',
    files: { 'app.py': `${FLASK}\n@app.get("/broken")\ndef broken():\n    return 1 / 0\n` },
    command: 'taipan serve app.py',
    pages: { '/broken': 500, '/': 'hello from flask' },
    says: [/error/, /app\.py", line 11, in broken/, /ZeroDivisionError: division by zero/],
  },
]
