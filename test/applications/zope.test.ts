import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Browser, streamOf, type Page } from './support/browser.ts'
import { bytesOf, sha256 } from './support/bytes.ts'
import { makeFolder } from './support/folder.ts'
import { run } from './support/run.ts'
import { PYTHON, SITES, startSite, type Site } from './support/site.ts'

describe('Zope', () => {
  const authorization = `Basic ${btoa('ada:open-sesame')}`
  let site: Site
  let browser: Browser

  const ask = async (path: string, visit: Parameters<Browser['visit']>[1] = {}): Promise<Page> =>
    await browser.visit(path, { ...visit, headers: { authorization, ...visit.headers } })
  const add = async (path: string, fields: Record<string, string>): Promise<number> =>
    (await ask(path, { body: new URLSearchParams(fields) })).status

  beforeAll(async () => {
    const folder = join(await makeFolder(), 'instance')
    const make = join(dirname(PYTHON), 'mkwsgiinstance')
    await run(make, ['--dir', folder, '--user', 'ada:open-sesame'])
    // Zope's PUT seeks in the body, so the whole body must be gathered before Zope is called.
    const config = {
      apps: { zope: { target: `${join(SITES, 'zope/app.py')}:make_app()` } },
      routes: [{ path: '/', app: 'zope' }],
      buffers: { request: '10mb' },
    }
    await writeFile(join(folder, 'taipan.config.json'), JSON.stringify(config))
    site = await startSite({ args: [], cwd: folder, env: { SITE_DATA: folder } })
    browser = new Browser(site.url)
  })
  afterAll(async () => {
    await site.stop()
  })

  test('the management pages want a name', async () => {
    const page = await browser.visit('/manage_main')
    expect(page.status).toBe(401)
    expect(page.headers.get('www-authenticate')).toBe('basic realm="Zope", charset="UTF-8"')
    expect((await ask('/manage_main')).status).toBe(200)
  })

  test('a folder and a template are made and answer', async () => {
    expect(await add('/manage_addFolder', { id: 'shop' })).toBe(200)
    const template = '/shop/manage_addProduct/PageTemplates/manage_addPageTemplate'
    expect(await add(template, { id: 'greeting', title: 'Grüße' })).toBe(302)
    const put = await ask('/shop/greeting', {
      method: 'PUT',
      headers: { 'content-type': 'text/html; charset=utf-8' },
      body: '<p tal:content="string:${request/form/name|nothing} grüßt"></p>',
    })
    expect(put.status).toBe(204)
    const page = await browser.visit('/shop/greeting?name=%E6%97%A5%E6%9C%AC')
    expect(page.status).toBe(200)
    expect(page.text.trim()).toBe('<p>日本 grüßt</p>')
  })

  test('a file is put, with a length and in chunks, and read whole and in part', async () => {
    const bytes = bytesOf(2_000_000, 13)
    const headers = { 'content-type': 'application/octet-stream' }
    expect((await ask('/one.bin', { method: 'PUT', headers, body: bytes })).status).toBe(201)
    const chunked = { method: 'PUT', headers, body: streamOf(bytes) }
    expect((await ask('/two.bin', chunked)).status).toBe(201)
    for (const name of ['/one.bin', '/two.bin']) {
      const page = await browser.visit(name)
      expect(page.status).toBe(200)
      expect(page.headers.get('content-type')).toBe('application/octet-stream')
      expect(sha256(page.bytes)).toBe(sha256(bytes))
    }
    const part = await browser.visit('/one.bin', { headers: { range: 'bytes=10-19' } })
    expect(part.status).toBe(206)
    expect(part.bytes).toEqual(bytes.subarray(10, 20))
  })

  test('a file comes by a form', async () => {
    const bytes = bytesOf(300_000, 17)
    const form = new FormData()
    form.append('id', 'form.bin')
    form.append('file', new Blob([bytes]), 'form.bin')
    const page = await ask('/manage_addProduct/OFSP/manage_addFile', { body: form })
    expect(page.status).toBe(302)
    expect(sha256((await browser.visit('/form.bin')).bytes)).toBe(sha256(bytes))
  })

  test('a folder is listed by WebDAV', async () => {
    const page = await ask('/', { method: 'PROPFIND', headers: { depth: '1' } })
    expect(page.status).toBe(207)
    expect(page.text).toContain('<d:href>/one.bin</d:href>')
  })

  test('a page that is not there is not found', async () => {
    expect((await browser.visit('/nowhere')).status).toBe(404)
  })
})
