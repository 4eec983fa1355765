import { appendFile, cp, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Browser } from './support/browser.ts'
import { makeFolder } from './support/folder.ts'
import { run } from './support/run.ts'
import { describeSample } from './support/sample-contract.ts'
import { PYTHON, SITES, startSite, type Site } from './support/site.ts'

/** Makes a working folder with Webware's own command and adds the sample to its context. */
async function makeWorkFolder(): Promise<string> {
  const folder = await makeFolder()
  await run(join(dirname(PYTHON), 'webware'), ['make', '-c', 'Shop', folder])
  await cp(join(SITES, 'webware/Shop'), join(folder, 'Shop'), { recursive: true })
  // With extra path information its start page would answer for every unknown name.
  await rm(join(folder, 'Shop/Main.py'))
  await cp(join(SITES, 'webware/validated.py'), join(folder, 'Scripts/validated.py'))
  await appendFile(join(folder, 'Configs/Application.config'), 'ExtraPathInfo = True\n')
  return folder
}

describeSample({
  name: 'Webware',
  args: async () => [join(await makeWorkFolder(), 'Scripts/WSGIScript.py')],
})
describeSample({
  name: 'Webware, validated',
  args: async () => [join(await makeWorkFolder(), 'Scripts/validated.py')],
  mount: '/site',
})

describe('Webware', () => {
  let folder: string
  let site: Site
  let browser: Browser

  beforeAll(async () => {
    folder = await makeWorkFolder()
    site = await startSite({ args: [join(folder, 'Scripts/WSGIScript.py')] })
    browser = new Browser(site.url)
  })
  afterAll(async () => {
    await site.stop()
  })

  test('a page in PSP is compiled', async () => {
    const page = await browser.visit('/Greeting?name=%3CZo%C3%AB%3E')
    expect(page.status).toBe(200)
    expect(page.text.trim()).toBe('<p>Hello, &lt;Zoë&gt;!</p>\n<i>0</i><i>1</i><i>2</i>')
  })

  test('its own example counts visits in a session', async () => {
    for (const count of [1, 2, 3]) {
      const page = await browser.visit('/Examples/CountVisits')
      expect(page.status).toBe(200)
      expect(/&nbsp;(\d+)&nbsp;/.exec(page.text)?.[1]).toBe(String(count))
    }
    expect([...browser.cookies.keys()]).toEqual(['_SID_'])
  })

  test('a person logs in to its own example', async () => {
    const visitor = new Browser(site.url)
    const form = await visitor.visit('/Examples/SecureCountVisits')
    const loginId = /name="loginId" value="([^"]+)"/.exec(form.text)?.[1] ?? ''
    const fields = { username: 'alice', password: 'alice', login: 'Login', loginId }
    const page = await visitor.submit('/Examples/SecureCountVisits', fields)
    expect(page.text).toContain('Authenticated user is <strong>alice</strong>')
  })

  test('its own example takes a file', async () => {
    const form = new FormData()
    form.append('filename', new Blob(['schöne Grüße']), 'gruß.txt')
    const page = await browser.visit('/Examples/FileUpload', { body: form })
    expect(page.text).toContain('<th>size</th><td>15 bytes</td>')
    expect(page.text).toContain('schöne Grüße')
  })

  test('its own example answers JSON-RPC', async () => {
    const page = await browser.visit('/Examples/JSONRPCClient')
    expect(page.status).toBe(200)
    const answer = await browser.visit('/Examples/JSONRPCExample', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: 1, method: 'reverse', params: ['repaid'] }),
    })
    expect(answer.status).toBe(200)
    expect(answer.text).toContain('diaper')
  })

  test('a file that is no servlet is served as it is', async () => {
    const page = await browser.visit('/Examples/favicon.ico')
    expect(page.status).toBe(200)
    expect(page.bytes.readUInt32LE(0)).toBe(0x10000)
  })

  test('output of the application goes where Webware sends it', async () => {
    expect((await browser.visit('/error')).status).toBe(500)
    const log = await readFile(join(folder, 'Logs/Application.log'), 'utf8')
    expect(log).toContain('RuntimeError: a secret of the application')
  })
})
