import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ROOT } from '../support/cli.ts'
import { Browser } from './support/browser.ts'
import { ENGINES } from './support/engines.ts'
import { startSite, type Site } from './support/site.ts'

describe.each(ENGINES)('the site for PyWX, %s', (engine) => {
  let folder: string
  let site: Site
  let browser: Browser

  beforeAll(async () => {
    // It writes a database.
    folder = mkdtempSync(join(tmpdir(), 'taipan-pywx-'))
    cpSync(join(ROOT, 'examples/pywx'), folder, { recursive: true })
    site = await startSite({
      args: ['--config', join(folder, 'taipan.config.ts'), '-w', '2'],
      use: { engine },
    })
    browser = new Browser(site.url)
  })
  afterAll(async () => {
    await site.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('the guest book keeps names, and escapes them', async () => {
    const sign = async (name: string) => browser.submit('/', { name })
    const signed = await sign('<Zoë>')
    expect([signed.status, signed.headers.get('location')]).toEqual([302, `${site.url}/`])
    await sign("O'Hara'); drop table guests --")
    const page = await browser.visit('/')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.text).toContain('<h1>A guest book</h1>')
    expect(page.text).toContain(
      '<ul><li>O&#x27;Hara&#x27;); drop table guests --<li>&lt;Zoë&gt;</ul>',
    )
    const nameless = await sign(' ')
    expect([nameless.status, nameless.text.includes('Please tell your name.')]).toEqual([400, true])
    await site.waitForOutput(/the book was signed by <Zoë>/)
    expect((await browser.visit('/book.sqlite3')).status).toBe(404)
  })

  test('facts, files, redirects and functions', async () => {
    const facts = await browser.visit('/old.py', { headers: { 'x-mine': '<mine>' } })
    expect(facts.headers.get('x-peer')).toBe('127.0.0.1')
    expect(facts.text).toContain('<tr><th>path<td>/facts.py')
    expect(facts.text).toContain('<tr><th>X-Mine<td>&lt;mine&gt;')
    const file = await browser.visit('/download.py?name=note.txt')
    expect([file.text, file.headers.get('content-type')]).toEqual([
      'A file to download.\n',
      'text/plain; charset=utf-8',
    ])
    for (const name of ['none', '../../hello.py', '../../book.sqlite3'])
      expect((await browser.visit(`/download.py?name=${name}`)).status).toBe(404)
    expect((await browser.visit('/hello?name=%3CAda%3E')).text).toBe('<h1>Hello, &lt;Ada&gt;!</h1>')
    expect((await browser.visit('/hello')).text).toBe('<h1>Hello, world!</h1>')
  })

  test('errors answer as they are told to', async () => {
    const asked = await browser.visit('/members.py')
    expect(asked.status).toBe(401)
    expect(asked.headers.get('www-authenticate')).toMatch(/^Basic realm="127\.0\.0\.1"/)
    const known = { authorization: `Basic ${btoa('ada:secret')}` }
    expect((await browser.visit('/members.py', { headers: known })).text).toBe(
      '<h1>Hello, ada!</h1>',
    )
    const broken = await browser.visit('/broken.py')
    expect([broken.status, broken.text]).toEqual([500, '<h1>Sorry</h1><p>/broken.py failed.'])
    await site.waitForOutput(/RuntimeError: this page fails on purpose/)
  })
})
