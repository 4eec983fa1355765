import { homedir } from 'node:os'
import { expect, test } from 'vitest'
import { isScriptFolder } from '../../src/server/config/target.ts'
import { createProject } from '../support/project.ts'

test('folders of scripts are told from projects and from folders of other things', () => {
  using project = createProject({
    'script/hello.py': '',
    'page/a.psp': '',
    'html/about.html': '',
    'program/a.cgi': '',
    'below/shop/hello.py': '',
    'empty/.hidden': '',
    'text/notes.txt': '',
    'package/__init__.py': '',
    'django/manage.py': '',
    'project/pyproject.toml': '',
    'project/a.html': '',
    'app/app.py': '',
    'file.py': '',
  })
  const served = (...names: string[]) =>
    names.filter((name) => isScriptFolder(name, project.folder))
  const folders = ['script', 'page', 'html', 'program']
  expect(served(...folders)).toEqual(folders)
  expect(served('below', 'empty', 'text', 'package', 'django', 'project', 'app')).toEqual([])
  expect(served('file.py', 'missing')).toEqual([])
  expect(isScriptFolder(homedir(), '/') || isScriptFolder('/', '/')).toBe(false)
})
