import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { ChangedScript } from '../../src/pipeline/changed-script.ts'
import { createProject } from '../support/project.ts'

/** A script with what was loaded of it. */
function watch(path: string): { script: ChangedScript; loaded: string[] } {
  const loaded: string[] = []
  const script = new ChangedScript(path, () => {
    loaded.push(readFileSync(path, 'utf8'))
    return Promise.resolve()
  })
  return { script, loaded }
}

test('a file that is being written is loaded when it is whole', async () => {
  using project = createProject({ 'app.py': 'one' })
  const { script, loaded } = watch(join(project.folder, 'app.py'))
  expect(script.check()).toBeUndefined()
  await nextTurn()
  project.write('app.py', 'half')
  const found = script.check()
  project.write('app.py', 'half and the rest')
  expect(script.check()).toBeUndefined()
  await found
  expect(loaded).toEqual(['half and the rest'])
  expect(script.check()).toBeUndefined()
})

test('a file that is gone meanwhile is not loaded, and is found again', async () => {
  using project = createProject({ 'app.py': 'one' })
  const { script, loaded } = watch(join(project.folder, 'app.py'))
  await nextTurn()
  project.write('app.py', 'other')
  const found = script.check()
  rmSync(join(project.folder, 'app.py'))
  await found
  expect(script.check()).toBeUndefined()
  expect(loaded).toEqual([])
  await nextTurn()
  project.write('app.py', 'mended')
  await script.check()
  expect(loaded).toEqual(['mended'])
})

test('a request does not wait for an import that takes its time', async () => {
  using project = createProject({ 'app.py': 'one' })
  let end = (): void => {}
  const script = new ChangedScript(
    join(project.folder, 'app.py'),
    () =>
      new Promise((resolve) => {
        end = resolve
      }),
  )
  await nextTurn()
  project.write('app.py', 'slow to import')
  await script.check()
  expect(script.check()).toBeUndefined()
  end()
})
