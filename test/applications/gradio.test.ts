import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ROOT } from '../support/cli.ts'
import { Browser } from './support/browser.ts'
import { ENGINES } from './support/engines.ts'
import { makeFolder } from './support/folder.ts'
import { runPython } from './support/run.ts'
import { SITES, startSite, type Site } from './support/site.ts'

const client = join(ROOT, 'test/fixtures/programs/clients/gradio_talk.py')

describe.each(ENGINES)('Gradio (%s)', (engine) => {
  let site: Site

  beforeAll(async () => {
    site = await startSite({
      args: [`${join(SITES, 'gradio/app.py')}:app`],
      env: { GRADIO_TEMP_DIR: await makeFolder(), HF_HUB_OFFLINE: '1' },
      use: { engine },
    })
  })
  afterAll(async () => {
    await site.stop()
  })

  test('its page comes with its scripts', async () => {
    const browser = new Browser(site.url)
    const page = await browser.visit('/form/')
    expect([page.status, page.text.includes('gradio')]).toEqual([200, true])
    expect((await browser.visit('/form/config')).text).toContain('Spelt')
  })

  test('a client gets every step of a function that yields', async () => {
    const heard = await runPython([client, new URL('/form', site.url).href, 'taipan'])
    expect(JSON.parse(heard)).toEqual(['T', 'TA', 'TAI', 'TAIP', 'TAIPA', 'TAIPAN'])
  })
})
