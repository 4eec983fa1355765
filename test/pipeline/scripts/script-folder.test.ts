import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import { forgetLooks } from '../../../src/pipeline/looks.ts'
import { ScriptFolder, type ExtensionRule } from '../../../src/pipeline/scripts/script-folder.ts'
import { createProject } from '../../support/project.ts'

const FILES = {
  'site/shop.py': '',
  'site/page.html': '',
  'site/sub/index.py': '',
  'site/deep/er/x.py': '',
  'site/both/index.html': '',
  'site/both/index.py': '',
  'site/x.py.d/y.txt': '',
  'site/shop.py.bak': '',
  'site/shop.py~': '',
  'site/upper.PY': '',
  'site/old.pyc': '',
  'site/pages.ptl': '',
  'site/layout.tmpl': '',
  'site/sp ace.py': '',
  'secret.py': '',
}

function open(folder: string, extension: ExtensionRule = 'shown') {
  const kinds = new Map([
    ['.py', 'script'],
    ['.wsgi', 'wsgi'],
  ])
  const index = ['index.py', 'index.html']
  return new ScriptFolder({ root: join(folder, 'site'), kinds, index, extension })
}

/** The script below the folder, `|`, and the raw rest; or the kind of the entry. */
function find(folder: ScriptFolder, rest: string): string {
  const found = folder.find(rest)
  if (found.kind !== 'script') return found.kind
  const { script, end, added } = found
  return `${script.filename.slice(script.root.length)}|${rest.slice(0, end)}${added}|${rest.slice(end)}`
}

describe('a folder of scripts', () => {
  test.each([
    ['/shop.py', '/shop.py|/shop.py|'],
    ['/shop.py/item/7', '/shop.py|/shop.py|/item/7'],
    ['/shop.py/', '/shop.py|/shop.py|/'],
    ['/shop.py//a/../%2f%00', '/shop.py|/shop.py|//a/../%2f%00'],
    ['/sp%20ace.py', '/sp ace.py|/sp%20ace.py|'],
    ['/sub/', '/sub/index.py|/sub/index.py|'],
    ['/both/', '/both/index.py|/both/index.py|'],
    ['/deep/er/x.py/y', '/deep/er/x.py|/deep/er/x.py|/y'],
    ['/sub', 'directory'],
    ['/page.html', 'file'],
    ['/page.html/more', 'nothing'],
    ['/x.py.d/y.txt', 'refused'],
    ['/deep/', 'nothing'],
    ['', 'nothing'],
    ['/', 'nothing'],
    ['/none.py', 'nothing'],
    ['/sub//index.py', 'nothing'],
    ['//shop.py', 'nothing'],
  ])('finds what %s names', (rest, expected) => {
    using project = createProject(FILES)
    expect(find(open(project.folder), rest)).toBe(expected)
  })

  test.each([
    ['/shop.py/item/7', '/shop.py|/shop.py|/item/7'],
    ['/shop', '/shop.py|/shop|'],
    ['/shop/item', '/shop.py|/shop|/item'],
    ['/sub/', '/sub/index.py|/sub/index.py|'],
    ['/page.html', 'file'],
    ['/page', 'nothing'],
  ])('finds what %s names, with an optional extension', (rest, expected) => {
    using project = createProject(FILES)
    expect(find(open(project.folder, 'optional'), rest)).toBe(expected)
  })

  test.each([
    ['/shop.py.bak', 'what editors leave'],
    ['/shop.py~', 'what editors leave'],
    ['/upper.PY', 'another casing'],
    ['/upper.py', 'another casing'],
    ['/shop.py.', 'a trailing dot'],
    ['/old.pyc', 'bytecode'],
    ['/pages.ptl', 'a module in PTL'],
    ['/layout.tmpl', 'a template'],
    ['/shop%2epy', 'nothing: the dot decoded is the script itself'],
    ['/sub%2findex.py', 'an encoded slash'],
    ['/sub%5cindex.py', 'an encoded backslash'],
    ['/shop.py%00', 'NUL'],
    ['/../secret.py', 'a way out'],
    ['/%2e%2e/secret.py', 'an encoded way out'],
    ['/link.py', 'a link out of the folder'],
    ['/source.txt', 'a link to a script by another name'],
    ['/folder/secret.py', 'a folder that is a link out'],
  ])('does not send the source of %s: %s', (rest) => {
    using project = createProject(FILES)
    symlinkSync(join(project.folder, 'secret.py'), join(project.folder, 'site/link.py'))
    symlinkSync('shop.py', join(project.folder, 'site/source.txt'))
    symlinkSync(project.folder, join(project.folder, 'site/folder'))
    expect(['refused', 'nothing', '/shop.py|/shop%2epy|']).toContain(
      find(open(project.folder), rest),
    )
  })

  test.each([
    ['/shop', '/shop.py|/shop|'],
    ['/shop/item/7', '/shop.py|/shop|/item/7'],
    ['/sub/', '/sub/index.py|/sub/index|'],
    ['/sub/index', '/sub/index.py|/sub/index|'],
    ['/shop.py', 'moved'],
    ['/shop.py/item', 'moved'],
    ['/page.html', 'file'],
    ['/page', 'nothing'],
    ['/upper', 'nothing'],
    ['/sub', 'directory'],
  ])('finds what %s names where extensions are hidden', (rest, expected) => {
    using project = createProject(FILES)
    expect(find(open(project.folder, 'hidden'), rest)).toBe(expected)
  })

  test('sees in the next turn what appears, changes its kind or leaves', async () => {
    using project = createProject(FILES)
    const folder = open(project.folder)
    const site = join(project.folder, 'site')
    expect(find(folder, '/new.py/a')).toBe('nothing')
    writeFileSync(join(site, 'new.py'), '')
    await nextTurn()
    expect(find(folder, '/new.py/a')).toBe('/new.py|/new.py|/a')
    renameSync(join(site, 'new.py'), join(site, 'other.py'))
    await nextTurn()
    expect(find(folder, '/new.py/a')).toBe('nothing')
    mkdirSync(join(site, 'new.py'))
    writeFileSync(join(site, 'new.py/a'), '')
    await nextTurn()
    expect(find(folder, '/new.py')).toBe('directory')
  })

  test('looks once for requests of one turn, unless something may have been changed', () => {
    using project = createProject(FILES)
    const folder = open(project.folder)
    const script = join(project.folder, 'site/shop.py')
    const found = folder.find('/shop.py')
    renameSync(script, `${script}.was`)
    expect(folder.find('/shop.py')).toStrictEqual(found)
    forgetLooks()
    expect(folder.find('/shop.py').kind).toBe('nothing')
    renameSync(`${script}.was`, script)
    expect(folder.find('/shop.py').kind).toBe('nothing')
    forgetLooks()
    expect(folder.find('/shop.py').kind).toBe('script')
  })

  test('finds a script again by its path, as long as it is the same file', async () => {
    using project = createProject({ ...FILES, 'site/other/er/x.py': 'other' })
    const { folder } = project
    const site = open(folder)
    const first = site.find('/deep/er/x.py')
    await nextTurn()
    expect(site.find('/deep/er/x.py')).toBe(first)
    renameSync(join(folder, 'site/deep'), join(folder, 'site/away'))
    await nextTurn()
    expect(find(site, '/deep/er/x.py')).toBe('nothing')
    expect(find(site, '/away/er/x.py')).toBe('/away/er/x.py|/away/er/x.py|')
    renameSync(join(folder, 'site/other'), join(folder, 'site/deep'))
    await nextTurn()
    expect(find(site, '/deep/er/x.py')).toBe('/deep/er/x.py|/deep/er/x.py|')
    expect(site.find('/deep/er/x.py')).not.toEqual(first)
    renameSync(join(folder, 'site/deep'), join(folder, 'site/elsewhere'))
    writeFileSync(join(folder, 'site/deep'), '')
    await nextTurn()
    expect(find(site, '/deep/er/x.py')).toBe('nothing')
  })

  test('notices that a script has become a link out of the folder', async () => {
    using project = createProject(FILES)
    const folder = open(project.folder)
    const script = join(project.folder, 'site/shop.py')
    expect(find(folder, '/shop.py')).toBe('/shop.py|/shop.py|')
    renameSync(script, `${script}.was`)
    symlinkSync(join(project.folder, 'secret.py'), script)
    await nextTurn()
    expect(find(folder, '/shop.py')).toBe('refused')
  })
})
