import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ROOT } from '../support/cli.ts'
import { Browser } from './support/browser.ts'
import { ENGINES } from './support/engines.ts'
import { startSite, type Site } from './support/site.ts'

describe.each(ENGINES)('the site for PyISAPIe, %s', (engine) => {
  let site: Site
  let browser: Browser

  beforeAll(async () => {
    site = await startSite({
      args: ['--config', join(ROOT, 'examples/pyisapie/taipan.config.ts')],
      use: { engine },
    })
    browser = new Browser(site.url)
  })
  afterAll(async () => await site.stop())

  test('patterns, groups and forms', async () => {
    const home = await browser.visit('/')
    expect(home.text).toContain('<h1>An old site on 127.0.0.1</h1>')
    expect(home.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(home.headers.get('x-site')).toBe('old and well')
    const month = await browser.visit('/archive/2008/01')
    expect([month.text, month.headers.get('content-length')]).toEqual([
      '2008-01: all entries\n',
      '21',
    ])
    expect((await browser.visit('/archive/2008/01/old')).text).toBe('2008-01: old\n')
    expect((await browser.submit('/guests', { name: '<Zoë>' })).text).toBe(
      '<p>Thank you, &lt;Zoë&gt;!',
    )
    expect((await browser.submit('/guests', { name: ' ' })).status).toBe(400)
  })

  test('a map of modules, with a page of its own for what is missing', async () => {
    expect((await browser.visit('/shop/')).text).toContain('<a href="2">Null modem</a>')
    expect((await browser.visit('/shop/1')).text).toBe('<h1>Floppy disk</h1>')
    expect((await browser.visit('/shop/3')).status).toBe(404)
    expect((await browser.visit('/shop/export')).text).toBe('1,Floppy disk\r\n2,Null modem\r\n')
    const missing = await browser.visit('/shop/%3Cnone%3E')
    expect(missing.status).toBe(404)
    expect(missing.text).toContain('There is no /shop/&lt;none&gt; here.')
    expect(missing.headers.get('connection')).toBe('close')
  })

  test('an application, and files behind', async () => {
    expect((await browser.visit('/notes/a%3Cb')).text).toBe(
      '<a href="/notes/today">note a&lt;b</a>',
    )
    const posted = await browser.visit('/notes/today', { body: 'one\ntwo\n' })
    expect(posted.text).toBe('2 lines for today')
    expect((await browser.visit('/style.css')).headers.get('content-type')).toContain('text/css')
    for (const path of ['/none', '/Isapi.py', '/WWW/Home.py', '/notesfor'])
      expect((await browser.visit(path)).status).toBe(404)
  })
})
