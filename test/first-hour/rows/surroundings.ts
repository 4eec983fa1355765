import { mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

import { makeEnvironment } from '../environment.ts'
import { ONE, type Row } from '../row.ts'
import { FASTAPI, FLASK, wsgi } from './applications.ts'

const HELLO = { '/': 'hello from flask' }

/** A configuration in TypeScript, with a static folder besides. */
const CONFIG = `export default {
  apps: { shop: { target: 'app.py' }, api: { target: 'main:app' } },
  routes: [
    { path: '/api', app: 'api' },
    { path: '/files', static: 'public' },
    { path: '/', app: 'shop' },
  ],
}
`

/** npm asks nobody for a package or a newer version of itself. */
const NPX = { npm_config_offline: 'true', npm_config_update_notifier: 'false' }

export const SURROUNDINGS: readonly Row[] = [
  {
    name: 'a project that may only be read',
    files: { 'app.py': FLASK },
    readOnly: true,
    command: 'taipan serve app.py',
    pages: HELLO,
  },
  {
    name: 'a project that may only be read, watched',
    files: { 'app.py': FLASK },
    readOnly: true,
    command: 'taipan serve app.py --reload',
    engines: ONE,
    pages: HELLO,
  },
  {
    name: 'spaces and other letters in the path',
    folder: 'Mein Laden é ☕',
    files: { 'app.py': `import produkte\n${FLASK}`, 'produkte.py': '' },
    command: 'taipan serve app.py',
    pages: HELLO,
  },
  {
    name: 'a release behind a symbolic link',
    files: { 'app.py': `import helper\n${FLASK}`, 'helper.py': '' },
    prepare: (project) => {
      mkdirSync(join(project, 'releases/1'), { recursive: true })
      for (const name of ['app.py', 'helper.py'])
        renameSync(join(project, name), join(project, 'releases/1', name))
      symlinkSync('releases/1', join(project, 'current'))
    },
    command: 'taipan serve current/app.py',
    pages: HELLO,
  },
  {
    name: 'a VIRTUAL_ENV that is gone',
    files: { 'app.py': FLASK },
    prepare: (project) => makeEnvironment(join(project, '.venv')),
    env: { VIRTUAL_ENV: '/gone/venv' },
    command: 'taipan serve app.py',
    engines: ONE,
    pages: HELLO,
    says: [/warning.*\/gone\/venv\/bin\/python \(VIRTUAL_ENV\) does not exist; taking/],
  },
  {
    name: 'a .venv that leads nowhere',
    files: { 'app.py': wsgi('system python') },
    prepare: (project) => {
      mkdirSync(join(project, '.venv/bin'), { recursive: true })
      symlinkSync('/gone/python3', join(project, '.venv/bin/python'))
    },
    env: { VIRTUAL_ENV: undefined },
    command: 'taipan serve app.py',
    engines: ONE,
    pages: { '/': 'system python' },
    says: [/warning.*\.venv\/bin\/python .*does not exist; taking/],
  },
  {
    name: 'no environment at all',
    files: { 'app.py': wsgi('the python of the path') },
    env: { VIRTUAL_ENV: undefined },
    command: 'taipan serve app.py',
    engines: ONE,
    pages: { '/': 'the python of the path' },
  },
  {
    name: 'a configuration in TypeScript',
    files: {
      'taipan.config.ts': CONFIG,
      'app.py': FLASK,
      'main.py': FASTAPI,
      'public/a.txt': 'a file',
    },
    command: 'taipan serve',
    pages: { ...HELLO, '/api/': 'fastapi', '/files/a.txt': 'a file' },
  },
  {
    name: 'no home and no locale',
    files: { 'app.py': wsgi('bare') },
    env: { HOME: undefined, LANG: undefined },
    command: 'taipan serve app.py',
    pages: { '/': 'bare' },
  },
  // Not one that serves: npm ends by the signal itself, before the server has stopped.
  {
    name: 'by npx',
    files: { 'app.py': FLASK },
    installed: true,
    env: NPX,
    command: 'npx taipan check app.py',
    exitCode: 0,
    says: [/loads +yes, app is a WSGI application/],
    engines: ONE,
  },
  {
    name: 'a mistake by npx',
    installed: true,
    env: NPX,
    command: 'npx taipan serve nowhere.py',
    exitCode: 3,
    says: [/^error: application nowhere\.py could not be loaded: there is no file or folder /m],
    engines: ONE,
  },
]
