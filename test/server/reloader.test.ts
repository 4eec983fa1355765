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
    watched: { folders, files: [], include: [], exclude: [], served: [], dev: false },
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
