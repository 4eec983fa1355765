import { chmodSync } from 'node:fs'
import { join } from 'node:path'

import { ONE, type Row } from '../row.ts'
import { FASTAPI, FLASK, wsgi } from './applications.ts'

const GOOD = { 'app.py': wsgi('good') }
const USAGE = { engines: ONE, exitCode: 2 }
const APPLICATION = { engines: ONE, exitCode: 3 }

export const MISTAKES: readonly Row[] = [
  {
    name: 'a folder without an application',
    files: { 'notes.txt': 'nothing yet\n' },
    command: 'taipan serve',
    ...USAGE,
    says: [/nothing to serve in \S+\/shop.*Write for example taipan serve path\/app\.py/s],
  },
  {
    name: 'the command without serve',
    files: GOOD,
    command: 'taipan app.py',
    ...USAGE,
    says: [/"app\.py" is not a command; write taipan serve app\.py/],
  },
  {
    name: 'runserver',
    files: GOOD,
    command: 'taipan runserver',
    ...USAGE,
    says: [/unknown command "runserver".*taipan serve \. --dev/],
  },
  {
    name: 'a mistyped option',
    files: GOOD,
    command: 'taipan serve app.py --prot 80',
    ...USAGE,
    says: [/unknown option --prot\. Did you mean --port\?/],
  },
  {
    name: 'a time without a unit',
    files: GOOD,
    command: 'taipan serve app.py --timeout-request 20',
    ...USAGE,
    says: [/20 what\? Write 20s or 20ms/i],
  },
  {
    name: 'certificates',
    files: GOOD,
    command: 'taipan serve app.py --certfile c.pem --keyfile k.pem',
    ...USAGE,
    says: [/--certfile: file \S+\/c\.pem does not exist/, /--keyfile: file \S+\/k\.pem/],
  },
  {
    name: 'a file that is not there',
    files: GOOD,
    command: 'taipan serve ap.py',
    ...APPLICATION,
    says: [/there is no file or folder \S+\/shop\/ap\.py/],
  },
  {
    name: 'a file that is no Python',
    files: { ...GOOD, 'app.js': 'export default {}\n' },
    command: 'taipan serve app.js',
    ...APPLICATION,
    says: [/app\.js is no Python file by its name; write \.\/app\.js if it is one/],
  },
  {
    name: 'a syntax error',
    files: { 'app.py': 'import os\ndef application(environ, start_response)\n    pass\n' },
    command: 'taipan serve app.py',
    exitCode: 3,
    says: [/app\.py", line 2/, /SyntaxError: expected ':'/],
  },
  {
    name: 'a package that is not installed',
    files: { 'app.py': `import flask_that_nobody_has\n${FLASK}` },
    command: 'taipan serve app.py',
    exitCode: 3,
    says: [/No module named 'flask_that_nobody_has'/, /the Python is \S+\/bin\/python/],
  },
  {
    name: 'a module of the project that lies elsewhere',
    files: { 'app.py': 'from shop_models import item\n', 'backend/shop_models.py': 'item = 1\n' },
    command: 'taipan serve app.py',
    ...APPLICATION,
    says: [/No module named 'shop_models'/, /--app-dir backend/],
  },
  {
    name: 'a wrong attribute',
    files: { 'main.py': FASTAPI },
    command: 'taipan serve main:application',
    ...APPLICATION,
    says: [/main has no 'application'.*'main:app'/],
  },
  {
    name: 'an unusual name that is not given',
    files: { 'main.py': wsgi('x', 'server') },
    command: 'taipan serve main.py',
    ...APPLICATION,
    says: [/has no application: tried application, app, .*main\.py:server'/],
  },
  {
    name: 'a text in the place of the application',
    files: { 'app.py': 'app = "hello"\n' },
    command: 'taipan serve app.py',
    exitCode: 3,
    says: [/a str, not callable/],
  },
  {
    name: 'an error while the application is made',
    files: {
      'app.py': 'import os\nSECRET = os.environ["SHOP_SECRET"]\n' + wsgi('never'),
    },
    command: 'taipan serve app.py',
    exitCode: 3,
    says: [/app\.py", line 2, in <module>/, /KeyError: 'SHOP_SECRET'/],
  },
  {
    name: 'a factory that is called without quotes',
    files: { 'app.py': wsgi('good') },
    command: 'taipan serve app:create_app()',
    engines: ONE,
    exitCode: 2,
    says: [/sh: .*[Ss]yntax error/],
  },
  {
    name: 'a port in use',
    files: GOOD,
    command: 'taipan serve app.py --port {taken}',
    exitCode: 4,
    says: [/another program listens on 127\.0\.0\.1:\d+: stop it, or choose another address/],
  },
  {
    name: 'port 80 without the right to it',
    files: GOOD,
    command: 'taipan serve app.py -b 127.0.0.1:80',
    exitCode: 4,
    says: [/127\.0\.0\.1:80.*(?:permission|EACCES)/i],
  },
  {
    name: 'a file that may not be read',
    files: GOOD,
    prepare: (project) => chmodSync(join(project, 'app.py'), 0),
    command: 'taipan serve app.py',
    exitCode: 3,
    says: [/[Pp]ermission denied: '?\S+app\.py/],
  },
  {
    name: 'a Python that is not there',
    files: GOOD,
    command: 'taipan serve app.py --python .venv/bin/python',
    engines: ONE,
    exitCode: 5,
    says: [/\.venv\/bin\/python/],
  },
]
