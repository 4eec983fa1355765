import { writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Browser } from './support/browser.ts'
import { bytesOf, sha256 } from './support/bytes.ts'
import { makeFolder } from './support/folder.ts'
import { run } from './support/run.ts'
import { PYTHON, startSite, type Site } from './support/site.ts'

/** Makes a project in which everybody has all permissions. */
async function makeProject(): Promise<string> {
  const project = join(await makeFolder(), 'project')
  const admin = join(dirname(PYTHON), 'trac-admin')
  await run(admin, [project, 'initenv', 'The Project', 'sqlite:db/trac.db'])
  await run(admin, [project, 'permission', 'add', 'anonymous', 'TRAC_ADMIN'])
  return project
}

/** Serves a project as a WSGI application. */
async function startApplication(mount: string): Promise<Site> {
  return await startSite({
    args: ['trac.web.main:dispatch_request', ...(mount === '' ? [] : ['--mount', mount])],
    env: { TRAC_ENV: await makeProject() },
  })
}

/** Serves a project by the handler for mod_python that comes with Trac, below the path of a file. */
async function startHandler(mount: string): Promise<Site> {
  const directory = await makeFolder()
  await writeFile(join(directory, basename(mount)), '')
  const path = dirname(mount)
  const options = { TracEnv: await makeProject() }
  const modPython = { directory, handler: 'trac.web.modpython_frontend', options }
  const config = join(directory, 'taipan.config.json')
  await writeFile(config, JSON.stringify({ routes: [{ path, modPython }] }))
  return await startSite({ args: ['--config', config] })
}

describe.each([
  ['an application at', '', startApplication],
  ['an application at', '/projects/trac', startApplication],
  ['a handler of mod_python at', '/projects/trac', startHandler],
] as const)('Trac as %s "%s"', (_, mount, start) => {
  let site: Site
  let browser: Browser

  const submit = async (path: string, fields: Record<string, string>): Promise<string> => {
    const page = await browser.submit(`${mount}${path}`, {
      ...fields,
      __FORM_TOKEN: browser.cookies.get('trac_form_token') ?? '',
    })
    expect(page.status).toBe(303)
    return (page.headers.get('location') ?? '').replace(site.url.replace(/\/$/, ''), '')
  }

  beforeAll(async () => {
    site = await start(mount)
    browser = new Browser(site.url)
  })
  afterAll(async () => {
    await site.stop()
  })

  test('the wiki greets, with its style sheets', async () => {
    const page = await browser.visit(`${mount}/wiki`)
    expect(page.status).toBe(200)
    expect(page.text).toContain('Welcome to Trac')
    expect(browser.cookies.has('trac_form_token')).toBe(true)
    const sheet = /href="([^"]+trac\.css)"/.exec(page.text)?.[1] ?? ''
    expect(sheet).toBe(`${mount}/chrome/common/css/trac.css`)
    const answer = await browser.visit(sheet)
    expect(answer.headers.get('content-type')).toBe('text/css')
    expect(answer.headers.get('content-length')).toBe(String(answer.bytes.length))
    const since = answer.headers.get('last-modified') ?? ''
    const again = await browser.visit(sheet, { headers: { 'if-modified-since': since } })
    expect(again.status).toBe(304)
  })

  test('a page of the wiki is written, changed and compared', async () => {
    const path = '/wiki/Gr%C3%B6%C3%9Fe'
    for (const [version, text] of ['= Erste Größe =', '= Zweite Größe =\n\n日本'].entries()) {
      const fields = { action: 'edit', version: String(version), text, save: 'Submit' }
      expect(await submit(path, fields)).toBe(`${mount}${path}`)
    }
    const page = await browser.visit(`${mount}${path}`)
    expect(page.text).toContain('Zweite Größe')
    expect(page.text).toContain('日本')
    const difference = await browser.visit(`${mount}${path}?action=diff&version=2`)
    expect(difference.text.replaceAll(/<\/?(?:del|ins)>/g, '')).toContain('= Erste Größe =')
    const plain = await browser.visit(`${mount}${path}?version=1&format=txt`)
    expect(plain.text).toBe('= Erste Größe =')
  })

  test('a ticket is opened and takes a file', async () => {
    await browser.visit(`${mount}/newticket`)
    const location = await submit('/newticket', {
      field_summary: 'Räder quietschen',
      field_description: 'Always on Mondays.',
      field_status: 'new',
      submit: 'Create ticket',
    })
    expect(location).toBe(`${mount}/ticket/1`)
    const bytes = bytesOf(200_000, 9)
    const form = new FormData()
    form.append('__FORM_TOKEN', browser.cookies.get('trac_form_token') ?? '')
    form.append('attachment', new Blob([bytes]), 'noise.wav')
    for (const [name, value] of [
      ['action', 'new'],
      ['realm', 'ticket'],
      ['id', '1'],
      ['description', 'as heard'],
    ] as const) {
      form.append(name, value)
    }
    const attached = await browser.visit(`${mount}/attachment/ticket/1/?action=new`, { body: form })
    expect(attached.status).toBe(303)
    const file = await browser.visit(`${mount}/raw-attachment/ticket/1/noise.wav`)
    expect(file.status).toBe(200)
    expect(sha256(file.bytes)).toBe(sha256(bytes))
    expect((await browser.visit(`${mount}/ticket/1`)).text).toContain('Räder quietschen')
  })

  test('a report and the search find the ticket', async () => {
    const list = await browser.visit(`${mount}/query?status=!closed&format=csv&col=id&col=summary`)
    expect(list.headers.get('content-type')).toMatch(/^text\/csv/)
    expect(list.text.replace(/^\uFEFF/, '')).toBe('id,Summary\r\n1,Räder quietschen\r\n')
    const found = await browser.visit(`${mount}/search?q=quietschen&ticket=on`)
    expect(found.text).toContain(`href="${mount}/ticket/1"`)
  })

  test('the timeline is a feed', async () => {
    const page = await browser.visit(`${mount}/timeline?ticket=on&max=50&daysback=90&format=rss`)
    expect(page.headers.get('content-type')).toBe('application/rss+xml;charset=utf-8')
    expect(page.text).toContain(`${site.url.replace(/\/$/, '')}${mount}/ticket/1`)
  })

  test('a form without its token is refused', async () => {
    const stranger = new Browser(site.url)
    expect((await stranger.submit(`${mount}/newticket`, { field_summary: 'x' })).status).toBe(400)
  })

  test('a page that is not there is not found', async () => {
    expect((await browser.visit(`${mount}/ticket/99`)).status).toBe(404)
  })
})
