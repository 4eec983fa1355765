import { relative, resolve } from 'node:path'

import { expect, test } from 'vitest'

import type { Logger } from '../../src/core/logger.ts'
import { Reloader } from '../../src/server/reloader.ts'
import { createProject } from '../support/project.ts'
import { pollUntil } from '../support/raw-client.ts'

test('the outcome of a reload that a newer one has taken over is told by that', async () => {
  using project = createProject({ 'app.py': '' })
  const told: string[] = []
  const note = (_fields: object, message: string): void => void told.push(message)
  const logger: Logger = { debug: note, output: note, info: note, warn: note, error: note }
  const settle: (() => void)[] = []
  const folders = [project.folder]
  const reloader = new Reloader({
    watched: { folders, files: [], include: [], exclude: [], served: [], scripts: [], dev: false },
    configFile: undefined,
    logger,
    reload: () => new Promise((resolve) => settle.push(resolve)),
    refresh: () => {},
  })
  await reloader.start()
  try {
    for (const code of ['one', 'two']) {
      const before = settle.length
      project.write('app.py', code)
      await pollUntil(() => settle[before], `a reload for ${code}`)
    }
    for (const one of settle) one()
    await pollUntil(() => told.includes('reloaded') || undefined, 'the outcome')
    expect(told.filter((text) => text === 'reloaded')).toHaveLength(1)
    expect(told.filter((text) => text.endsWith('has changed: reloading'))).toHaveLength(2)
  } finally {
    await reloader.stop()
  }
})

test.each([
  [true, ['site/page.psp refreshes', 'site/x.py refreshes', 'app.py reloads']],
  [false, ['app.py reloads']],
])('scripts need no new processes, with dev %s', async (dev, expected) => {
  using project = createProject({ 'app.py': '', 'site/x.py': '', 'site/page.psp': '' })
  const done: string[] = []
  const changed: string[] = []
  const note = (_fields: object, message: string): void => {
    const [, name] = /^(\S+) has changed/.exec(message) ?? []
    if (name !== undefined) changed.push(name)
  }
  const logger: Logger = { debug: note, output: note, info: note, warn: note, error: note }
  const tell = (effect: string): void => {
    const name = relative(project.folder, resolve(changed.at(-1) ?? ''))
    done.push(`${name} ${effect}`)
  }
  const scripts = [project.path('site')]
  const reloader = new Reloader({
    watched: {
      folders: [project.folder],
      files: [],
      include: [],
      exclude: [],
      served: [],
      scripts,
      dev,
    },
    configFile: undefined,
    logger,
    reload: async () => {
      await Promise.resolve()
      tell('reloads')
    },
    refresh: () => tell('refreshes'),
  })
  await reloader.start()
  try {
    const wait = async (): Promise<void> => {
      const before = done.length
      await pollUntil(() => done.length > before || undefined, 'an effect')
    }
    for (const name of ['site/page.psp', 'site/x.py']) {
      project.write(name, 'changed')
      if (dev) await wait()
    }
    project.write('app.py', 'changed')
    await wait()
    expect(done).toEqual(expected)
  } finally {
    await reloader.stop()
  }
})
