import { expect, test } from 'vitest'

import { pathBelow } from '../../src/core/path-below.ts'

test.each([
  ['/site', '/site/a/b.py', 'a/b.py'],
  ['/site', '/site', ''],
  ['/site', '/site/..data/x.db', '..data/x.db'],
  ['/site', '/sites/x', undefined],
  ['/site', '/', undefined],
  ['/site', '/other', undefined],
  ['/', '/other', 'other'],
])('from %s to %s', (folder, path, way) => {
  expect(pathBelow(folder, path)).toBe(way)
})
