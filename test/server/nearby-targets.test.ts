import { expect, test } from 'vitest'

import { findNearbyTargets } from '../../src/server/config/nearby-targets.ts'
import { createProject } from '../support/project.ts'

test('folders with an application come before files, and what is none is not offered', () => {
  using project = createProject({
    'server.py': '',
    'my app.py': '',
    'setup.py': '',
    'conftest.py': '',
    'test_server.py': '',
    'notes.txt': '',
    'site/manage.py': '',
    'docs/index.md': '',
    'src/shop/app.py': '',
    'src/shop/views.py': '',
    '.venv/app.py': '',
    'node_modules/app.py': '',
  })
  expect(findNearbyTargets(project.folder)).toEqual(['site', 'src/shop', 'my app.py', 'server.py'])
})

test('a folder with much, with nothing, and none at all', () => {
  const files = Array.from({ length: 9 }, (_, number) => [`a${number}.py`, ''] as const)
  using full = createProject(Object.fromEntries(files))
  expect(findNearbyTargets(full.folder)).toHaveLength(5)
  using empty = createProject({})
  expect(findNearbyTargets(empty.folder)).toEqual([])
  expect(findNearbyTargets(`${empty.folder}/none`)).toEqual([])
})
