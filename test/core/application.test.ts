import { expect, test } from 'vitest'

import {
  describeSource,
  importFolder,
  type Application,
  type FileApplication,
  type GuardApplication,
} from '../../src/core/application.ts'
import { labApplication, labScripts } from '../support/backend-lab.ts'

const FILE: FileApplication = {
  kind: 'file',
  name: 'old',
  interface: 'wsgi',
  appDirectory: '/srv/old',
  appFilename: 'application.py',
  callable: 'handler',
  callableQueryName: undefined,
  cacheCallables: true,
  reloadOnModification: false,
  multithread: true,
  interpreter: undefined,
}
const GUARD: GuardApplication = {
  kind: 'guard',
  name: 'auth.py',
  interface: 'script',
  file: '/srv/guards/auth.py',
  functions: ['check_password'],
  multithread: true,
}
const TARGET = labApplication({ target: 'shop:app', directory: '/srv/shop' })
const SCRIPTS = { ...labScripts(), root: '/srv/site', handlers: ['act.py:main'] }

test.each<[Application, string, string]>([
  [TARGET, '/srv/shop', 'shop:app'],
  [FILE, '/srv/old', 'application.py:handler'],
  [SCRIPTS, '/srv/site', '/srv/site'],
  [{ ...SCRIPTS, isHandler: true }, '/srv/site', 'act.py:main'],
  [GUARD, '/srv/guards', '/srv/guards/auth.py'],
])(
  'where the imports of $kind $name start, and what it is made of',
  (application, from, source) => {
    expect([importFolder(application), describeSource(application)]).toEqual([from, source])
  },
)
