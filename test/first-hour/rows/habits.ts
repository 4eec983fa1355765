import { ONE, type Row } from '../row.ts'
import { FASTAPI, FLASK, wsgi } from './applications.ts'

/** Says whether there are several threads, and several processes. */
const FILES = {
  'app.py': `def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['wsgi.multithread']} {environ['wsgi.multiprocess']}".encode()]
`,
}
const HELLO = { '/': ' False' }

/** Commands that people bring along; unless they say where to listen, that is a free port. */
export const HABITS: readonly Row[] = [
  {
    name: 'gunicorn: -w 2 -b :PORT --timeout 30',
    files: FILES,
    command: 'taipan serve app:application -w 2 -b 127.0.0.1:{port} --timeout 30',
    pages: { '/': ' True' },
    says: [/-w 2 is --processes 2 here/, /--timeout 30 is --timeout-request 30s here/],
  },
  {
    name: 'gunicorn: --bind :PORT --preload --access-logfile - --chdir',
    files: { 'code/shop.py': wsgi('in {SCRIPT_NAME}code') },
    command: 'taipan serve --chdir code shop --bind :{port} --preload --access-logfile -',
    engines: ['daemon'],
    pages: { '/': 'in code' },
    says: [/--access-logfile has no effect/],
  },
  {
    name: 'gunicorn: worker class, threads, graceful timeout, log level',
    files: FILES,
    command: 'taipan serve app -k gthread --threads 8 --graceful-timeout 5 --log-level warning',
    engines: ONE,
    env: { TAIPAN_LOG_LEVEL: undefined },
    pages: { '/': 'True False' },
    says: [/-k has no effect/],
  },
  {
    name: 'uvicorn: --host --port --workers --reload',
    files: { 'main.py': FASTAPI },
    command: 'taipan serve main:app --host 0.0.0.0 --port {port} --workers 2 --reload',
    pages: { '/': 'fastapi' },
    says: [/--host 0\.0\.0\.0 --port \d+ is --bind 0\.0\.0\.0:\d+ here/, /--workers 2 is/],
  },
  {
    name: 'uvicorn: --root-path --proxy-headers --no-access-log',
    files: { 'main.py': FASTAPI },
    command: 'taipan serve main:app --root-path /api --proxy-headers --no-access-log',
    engines: ONE,
    pages: { '/': 'fastapi', '/docs': "url: '/api/openapi.json'" },
    says: [/--proxy-headers has no effect/],
  },
  {
    name: 'uvicorn: --uds',
    files: FILES,
    command: 'taipan serve app:application --uds ./app.sock',
    pages: HELLO,
    says: [/--uds \.\/app\.sock is --bind unix:\.\/app\.sock here/],
  },
  {
    name: 'flask run: --app --debug --port',
    files: { 'hello.py': FLASK },
    command: 'taipan serve --app hello --debug --port {port}',
    engines: ONE,
    pages: { '/': 'hello from flask' },
    says: [/--debug is --dev here/],
  },
  {
    name: 'runserver: an address by itself',
    files: FILES,
    command: 'taipan serve . 0.0.0.0:{port}',
    engines: ONE,
    pages: HELLO,
    says: [/0\.0\.0\.0:\d+ is --bind 0\.0\.0\.0:\d+ here/],
  },
  {
    name: 'mod_wsgi-express: --listen --processes --threads',
    files: { 'shop.wsgi': wsgi('wsgi file') },
    command: 'taipan serve shop.wsgi --listen 127.0.0.1:{port} --processes 2 --threads 1',
    engines: ONE,
    pages: { '/': 'wsgi file' },
  },
  {
    name: 'waitress: --listen --call',
    files: { 'app.py': `${wsgi('made', 'inner')}\ndef make():\n    return inner\n` },
    command: 'taipan serve app:make --call --listen *:{port}',
    engines: ONE,
    pages: { '/': 'made' },
  },
  {
    name: 'uWSGI: --http :PORT --wsgi-file --master',
    files: FILES,
    command: 'taipan serve --http :{port} --wsgi-file app.py --master --processes 1',
    engines: ONE,
    pages: { '/': 'True False' },
    says: [/--master has no effect/],
  },
  {
    name: 'a port alone',
    files: FILES,
    command: 'taipan serve app.py -b {port}',
    engines: ONE,
    pages: HELLO,
  },
  {
    name: 'PORT and WEB_CONCURRENCY, as on platforms',
    files: FILES,
    env: { TAIPAN_BIND: undefined },
    command: 'PORT={port} WEB_CONCURRENCY=2 taipan serve app.py',
    pages: { '/': ' True' },
    says: [/listening on http:\/\/0\.0\.0\.0:\d+/],
  },
  {
    name: 'a socket of systemd',
    files: FILES,
    env: { TAIPAN_BIND: undefined },
    socket: true,
    command: 'taipan serve app.py',
    pages: HELLO,
    says: [/LISTEN_FDS=1 is --bind fd:3 here/],
  },
  {
    name: 'an environment file',
    files: {
      'app.py': `import os\nNAME = os.environ["SHOP"]\n${wsgi('{0}').replace('format(', 'format(NAME, ')}`,
      '.env': '# the shop\nexport SHOP="corner shop"\n',
    },
    command: 'taipan serve app.py --env-file .env',
    pages: { '/': 'corner shop' },
  },
  {
    name: 'processes and threads of our own',
    files: FILES,
    command: 'taipan serve app.py -p 2 -t 1',
    pages: { '/': 'False True' },
  },
  {
    name: 'JSON records',
    files: FILES,
    command: 'taipan serve app.py -w 1 --log-format json',
    engines: ONE,
    pages: HELLO,
    says: [/^\{.*"msg":"listening on /m, /^\{.*"msg":"-w 1 is --processes 1 here"/m],
  },
  {
    name: 'taipan check',
    files: FILES,
    command: 'taipan check app.py --port 80 -w 4',
    exitCode: 0,
    says: [/loads +yes/],
  },
]
