import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ROOT } from '../support/cli.ts'
import { Browser } from './support/browser.ts'
import { ENGINES } from './support/engines.ts'
import { runPython } from './support/run.ts'
import { SITES, startSite, type Site } from './support/site.ts'

const client = join(ROOT, 'test/fixtures/programs/clients/socketio_talk.py')

describe.each(ENGINES)('Socket.IO in a mounted application (%s)', (engine) => {
  let site: Site

  beforeAll(async () => {
    site = await startSite({
      args: [`${join(SITES, 'socketio/app.py')}:app`, '--mount', '/site'],
      use: { engine },
    })
  })
  afterAll(async () => {
    await site.stop()
  })

  test.each([
    { name: 'poller', transports: ['polling'] },
    { name: 'socket', transports: ['websocket'] },
    { name: 'upgrader', transports: ['polling', 'websocket'] },
  ])('a client talks by $transports', async ({ name, transports }) => {
    const heard = JSON.parse(await runPython([client, site.url, name, ...transports]))
    const transport = transports.at(-1)
    expect(heard).toEqual({ by: name, whole: true, size: 200_000, reversed: true, transport })
    await expect
      .poll(async () => JSON.parse((await new Browser(site.url).visit('/site/journal')).text))
      .toContain(`${name} left`)
  })
})
