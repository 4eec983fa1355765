import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { forgetLooks } from '../../../src/pipeline/looks.ts'
import { PathTranslation, translatePath } from '../../../src/pipeline/scripts/translated-path.ts'
import { createProject } from '../../support/project.ts'

test.each([
  // What follows the first name that is no folder is PATH_INFO.
  ['', '', ''],
  ['/', '/', ''],
  ['/a.txt', '/a.txt', ''],
  ['/a.txt/more', '/a.txt', '/more'],
  ['/none', '/none', ''],
  ['/none/x/y', '/none', '/x/y'],
  ['/sub', '/sub', ''],
  ['/sub/', '/sub/', ''],
  ['/sub/none.py/x', '/sub/none.py', '/x'],
  ['/sub/b%20c/x%2e', '/sub/b c', '/x%2e'],
  // Runs of slashes count as one.
  ['//sub///none//x', '/sub/none', '//x'],
  ['/sub//', '/sub/', ''],
])('%j is for %j with %j', (rest, filename, pathInfo) => {
  using project = createProject({ 'site/a.txt': '', 'site/sub/a': '' })
  const root = join(project.folder, 'site')
  for (const given of [root, `${root}/`]) {
    const found = translatePath(given, rest)
    expect(found?.filename).toBe(root + filename)
    expect(rest.slice(found?.end)).toBe(pathInfo)
  }
})

test.each(['/%00', '/..', '/sub/../a', '/.hidden', '/sub/%2e%2e/a', '/a%2fb'])(
  '%j can name no file',
  (rest) => {
    using project = createProject({ 'site/sub/a': '' })
    expect(translatePath(join(project.folder, 'site'), rest)).toBeUndefined()
  },
)

test('nothing that was found before is looked for again once it is a folder, or its folder is none', () => {
  using project = createProject({ 'site/sub/a.py': '' })
  const root = join(project.folder, 'site')
  const sub = join(root, 'sub')
  const paths = new PathTranslation(root)
  const translate = (rest: string) => {
    forgetLooks()
    return paths.translate(rest)
  }
  const first = translate('/sub/none/x')
  expect(first).toEqual({ filename: join(sub, 'none'), end: 9 })
  expect(translate('/sub/none/x')).toBe(first)
  writeFileSync(join(sub, 'none'), '')
  expect(translate('/sub/none/x')).toBe(first)
  rmSync(join(sub, 'none'))
  mkdirSync(join(sub, 'none'))
  expect(translate('/sub/none/x')).toEqual({ filename: join(sub, 'none/x'), end: 11 })
  rmSync(sub, { recursive: true })
  expect(translate('/sub/none/x')).toEqual({ filename: sub, end: 4 })
})

test('a file that was found before is looked for again once it has gone or is a folder', () => {
  using project = createProject({ 'site/sub/a.py': '' })
  const root = join(project.folder, 'site')
  const file = join(root, 'sub/a.py')
  const paths = new PathTranslation(root)
  const translate = (rest: string) => {
    forgetLooks()
    return paths.translate(rest)
  }
  const first = translate('/sub/a.py/x')
  expect(first).toEqual({ filename: file, end: 9 })
  expect(translate('/sub/a.py/x')).toBe(first)
  rmSync(file)
  mkdirSync(file)
  expect(translate('/sub/a.py/x')).toEqual({ filename: join(file, 'x'), end: 11 })
  rmSync(join(root, 'sub'), { recursive: true })
  expect(translate('/sub/a.py/x')).toEqual({ filename: join(root, 'sub'), end: 4 })
  writeFileSync(join(root, 'sub'), '')
  expect(translate('/sub/a.py/x')).toEqual({ filename: join(root, 'sub'), end: 4 })
})
