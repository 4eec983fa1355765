import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { createEmbeddedBackend } from '../../../src/backends/embedded/embedded-backend.ts'
import type { BackendLab } from '../../support/backend-lab.ts'
import { labApplication, startLab } from '../../support/backend-lab.ts'
import { fetchRaw } from '../../support/raw-client.ts'

// Two projects whose modules have the same names, outside of the folders that their servers were started in.
const APPLICATION = `
import sys, helper
def application(environ, start_response):
    start_response("200 OK", [])
    return [helper.NAME.encode()]
`
const VIEWED = `
texts = []
def application(environ, start_response):
    start_response("200 OK", [])
    import shop.web.app, sys
    assert sys.modules[__name__] is shop.web.app and shop.web.app.texts is texts
    return [" ".join([__name__, *texts]).encode()]
`
const FACTS = `
import sys
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr(sys.path).encode()]
`
const projects = mkdtempSync(path.join(tmpdir(), 'taipan-projects-'))
afterAll(() => rmSync(projects, { recursive: true, force: true }))

function createProject(name: string): string {
  const folder = mkdtempSync(path.join(projects, `${name}-`))
  writeFileSync(path.join(folder, 'app.py'), APPLICATION)
  writeFileSync(path.join(folder, 'helper.py'), `NAME = "${name}"\n`)
  return path.join(folder, 'app.py')
}

const [red, blue] = [createProject('red'), createProject('blue')]

function serve(target: string): Promise<BackendLab> {
  const applications = [labApplication({ target })]
  return startLab(createEmbeddedBackend, { applications, searchPath: [], threads: 0 })
}

async function ask(lab: BackendLab): Promise<string> {
  return (await fetchRaw(lab.url, '/lab/')).text
}

test('applications with the same module names run one after the other', async () => {
  for (const [target, name] of [
    [red, 'red'],
    [blue, 'blue'],
    [red, 'red'],
    [blue, 'blue'],
  ] as const) {
    await using lab = await serve(target)
    expect(await ask(lab)).toBe(name)
  }
})

test('and at the same time, also when one is reloaded', async () => {
  await using first = await serve(red)
  const second = await serve(blue)
  const both = async (): Promise<string[]> => [await ask(first), await ask(second)]
  expect(await both()).toEqual(['red', 'blue'])
  await first.backend.reload()
  expect(await both()).toEqual(['red', 'blue'])
  await second.backend.reload()
  expect(await both()).toEqual(['red', 'blue'])
  await second[Symbol.asyncDispose]()
  expect(await ask(first)).toBe('red')
})

test('a file is reloaded together with the modules beside it, in any folder', async () => {
  const target = createProject('old')
  await using lab = await serve(target)
  expect(await ask(lab)).toBe('old')
  writeFileSync(path.join(path.dirname(target), 'helper.py'), 'NAME = "newer"\n')
  await lab.backend.reload()
  expect(await ask(lab)).toBe('newer')
})

test('what imports the module of the file gets that of its generation', async () => {
  const folder = mkdtempSync(path.join(projects, 'package-'))
  const write = (name: string, text: string): void =>
    writeFileSync(path.join(folder, 'src', 'shop', name), text)
  mkdirSync(path.join(folder, 'src', 'shop', 'web'), { recursive: true })
  write('__init__.py', '')
  write('web/__init__.py', '')
  write('web/app.py', `${VIEWED}from .. import views\n`)
  write('views.py', 'from shop.web.app import texts\ntexts.append("one")\n')
  await using lab = await serve(path.join(folder, 'src', 'shop', 'web', 'app.py'))
  expect(await ask(lab)).toBe('shop.web.app one')
  write('views.py', 'from shop.web.app import texts\ntexts.append("newer")\n')
  await lab.backend.reload()
  expect(await ask(lab)).toBe('shop.web.app newer')
  write('views.py', 'raise ValueError("broken")\n')
  await expect(lab.backend.reload()).rejects.toThrow('broken')
  expect(await ask(lab)).toBe('shop.web.app newer')
})

test('the search path is restored after they have ended', async () => {
  const search = async (before: string): Promise<string> => {
    await using lab = await startLab(createEmbeddedBackend, { own: before + FACTS, threads: 0 })
    return (await ask(lab)).replaceAll(lab.folder, '')
  }
  const usual = await search('')
  expect(await search('import sys\nsys.path.insert(0, "/nowhere")\n')).toContain('/nowhere')
  expect(await search('')).toBe(usual)
})
