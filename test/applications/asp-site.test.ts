import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ROOT } from '../support/cli.ts'
import { Browser } from './support/browser.ts'
import { ENGINES } from './support/engines.ts'
import { startSite, type Site } from './support/site.ts'

describe.each(ENGINES)('the ASP site, %s', (engine) => {
  let folder: string
  let site: Site

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'taipan-asp-'))
    cpSync(join(ROOT, 'examples/asp'), folder, { recursive: true })
    // Beside what people see first.
    const add = (name: string, text: string) => writeFileSync(join(folder, 'site', name), text)
    add('broken.asp', 'text\n<%\n1/0\n%>')
    add('cut.asp', '<% Response.Buffer = False %>text<% 1/0 %>')
    add('syntax.asp', 'text\n<%\nx = = 1\n%>')
    add('print.asp', '<% print("printed") %>')
    add('large.asp', '<%= "x" * 5_000_000 %>')
    add('form.asp', '<%= Request.Form.Count %>')
    add('basic.asp', '<%@ Language=VBScript %>')
    site = await startSite({
      args: ['--config', join(folder, 'taipan.config.ts'), '-w', '2'],
      use: { engine },
    })
  })
  afterAll(async () => {
    await site.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('visitors are counted, and have their notes', async () => {
    const [first, second] = [new Browser(site.url), new Browser(site.url)]
    const welcome = await first.visit('/')
    expect(welcome.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(welcome.text).toContain('Who are you? You are visitor 1 of 1; 0 have left.')
    expect(welcome.text).toContain('<p>There are no notes.</p>')
    expect(welcome.text).toMatch(/The page is \/default\.asp, in the year 20\d\d\.<\/p>\s*<\/html>/)
    expect((await second.visit('/')).text).toContain('You are visitor 2 of 2;')
    const body = new URLSearchParams([
      ['name', '<Zoë>'],
      ['note', 'a & b'],
      ['note', 'c'],
    ])
    const kept = await first.visit('/note.asp', { body })
    expect([kept.status, kept.headers.get('location')]).toEqual([302, 'default.asp'])
    const page = (await first.visit('/default.asp')).text
    expect(page).toContain('Hello, &lt;Zoë&gt;! You are visitor 1 of 2;')
    expect(page).toContain('<ol><li>a &amp; b</li><li>c</li></ol>')
    expect(page).not.toContain('There are no notes.')
    expect((await first.visit('/note.asp?leave=1')).status).toBe(302)
    expect((await second.visit('/')).text).toContain('You are visitor 2 of 2; 1 have left.')
    expect((await first.visit('/')).text).toContain('Who are you? You are visitor 3 of 3;')
    const asked = await first.visit('/note.asp')
    expect([asked.status, asked.text, asked.headers.get('allow')]).toEqual([
      405,
      '\nOnly by the form.',
      'POST',
    ])
  })

  test('sources are never sent', async () => {
    const browser = new Browser(site.url)
    for (const name of ['global.asa', 'GLOBAL.ASA', 'inc/head.inc', 'default.asp~', 'DEFAULT.ASP'])
      expect((await browser.visit(`/${name}`)).status).toBe(404)
  })

  test('errors', async () => {
    const browser = new Browser(site.url)
    const broken = await browser.visit('/broken.asp')
    expect([broken.status, broken.text.includes('text')]).toEqual([500, false])
    await site.waitForOutput(/broken\.asp", line 3/)
    expect((await browser.visit('/syntax.asp')).status).toBe(500)
    await site.waitForOutput(/syntax\.asp", line 3/)
    await expect(browser.visit('/cut.asp')).rejects.toThrow('terminated')
    expect((await browser.visit('/basic.asp')).status).toBe(500)
    await site.waitForOutput(/the language is VBScript, but only pages in Python can be served/)
    const body = 'a=1&'.repeat(2000)
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await browser.visit('/form.asp', { body, headers })).status).toBe(413)
    expect((await browser.visit('/form.asp', { body: 'a=1', headers })).text).toBe('1')
    expect((await browser.visit('/print.asp')).text).toBe('printed\n')
    expect((await browser.visit('/large.asp')).bytes.length).toBe(5_000_000)
  })
})

const END = `<script language="Python" runat="server">
def Application_OnEnd():
    with open(Server.MapPath("/shop/ended"), "a") as stream:
        stream.write(str(Application["visitors"]))
</script>`

test.each([
  ['process', true],
  ['fresh', false],
])('the application starts and ends once, isolation %s', async (isolation, ends) => {
  const folder = mkdtempSync(join(tmpdir(), 'taipan-asp-'))
  const config = join(folder, 'taipan.config.json')
  cpSync(join(ROOT, 'examples/asp'), folder, { recursive: true })
  appendFileSync(join(folder, 'site/global.asa'), END)
  const route = { path: '/shop', scripts: 'site', kinds: { '.asp': 'asp' }, isolation }
  writeFileSync(config, JSON.stringify({ routes: [route] }))
  const site = await startSite({ args: ['--config', config, '-w', '2'] })
  try {
    for (const number of [1, 2, 3])
      expect((await new Browser(site.url).visit('/shop/')).text).toContain(
        `visitor ${String(number)} of ${String(number)};`,
      )
  } finally {
    await site.stop()
  }
  const ended = join(folder, 'site/ended')
  expect(existsSync(ended) && readFileSync(ended, 'utf8')).toBe(ends && '3')
  rmSync(folder, { recursive: true, force: true })
})
