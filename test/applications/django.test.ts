import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { request } from 'node:http'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Browser, streamOf } from './support/browser.ts'
import { bytesOf, sha256 } from './support/bytes.ts'
import { describeUse, ENGINES, type EngineUse } from './support/engines.ts'
import { makeFolder } from './support/folder.ts'
import {
  FRONT_SERVERS,
  isInstalled,
  startBehind,
  type FrontServer,
} from './support/front-servers.ts'
import { startPeerSite } from './support/peer-site.ts'
import { runPython } from './support/run.ts'
import { SITES, startSite, type Site } from './support/site.ts'

const project = join(SITES, 'django')

/** Creates the database, an administrator, and the folder of static files. */
async function prepareData(): Promise<Record<string, string>> {
  const env = {
    SITE_DATA: await makeFolder(),
    DJANGO_SUPERUSER_PASSWORD: 'open sesame',
    PYTHONDONTWRITEBYTECODE: '1',
  }
  await runPython(['-c', PREPARE], { cwd: project, env })
  return env
}

const PREPARE = `
import os
os.environ['DJANGO_SETTINGS_MODULE'] = 'project.settings'
import django
from django.core.management import call_command
django.setup()
call_command('migrate', verbosity=0)
call_command('createsuperuser', interactive=False, username='ada', email='ada@example.org')
call_command('collectstatic', interactive=False, verbosity=0)
`

function tokenOf(html: string): string {
  return /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(html)?.[1] ?? 'no token in the page'
}

interface Case {
  readonly name: string
  readonly application: string
  readonly mount: string
  readonly use?: EngineUse
  /** Its peers have this name. */
  readonly peers?: string
  /** It is behind this server. */
  readonly front?: FrontServer
}

const validated = {
  name: 'Django, validated at /library',
  application: 'project.validated.application',
  mount: '/library',
}
const asynchronous = {
  name: 'Django, asynchronous at /library',
  application: 'project.asgi:application',
  mount: '/library',
}
const cases: readonly Case[] = [
  { name: 'Django', application: 'project.wsgi.application', mount: '' },
  validated,
  {
    name: 'Django, as LRWP peers',
    application: 'project.validated.application',
    mount: '/peers/library',
    peers: 'library',
  },
  ...FRONT_SERVERS.filter(isInstalled)
    .filter(({ lacks }) => !lacks.includes('chunks'))
    .map((front) => ({ ...validated, name: `Django behind ${front.name}`, front })),
  ...ENGINES.map((engine) => ({ ...asynchronous, use: { engine } })),
  ...ENGINES.filter((engine) => engine === 'embedded').flatMap((engine) => [
    { ...validated, use: { engine } },
    { ...validated, use: { engine, threads: 4 } },
  ]),
]

describe.each(
  cases.map((each) => ({
    ...each,
    title: each.use === undefined ? each.name : `${each.name} (${describeUse(each.use)})`,
  })),
)('$title', ({ application, mount, use, peers, front }) => {
  let site: Site
  let data: string
  let ada: Browser

  beforeAll(async () => {
    const env = await prepareData()
    data = env['SITE_DATA'] ?? ''
    const files = join(data, 'static')
    const names = { ...env, SITE_APPLICATION: application }
    if (peers !== undefined) {
      site = await startPeerSite(
        { name: peers, target: project, words: ['--peers', '4'], env: names },
        [{ path: `${mount}/static`, static: files }],
      )
    } else {
      const options = {
        args: [
          ...(application.includes(':') ? [application, '--app-dir', project] : [project]),
          ...(mount === '' ? [] : ['--mount', mount]),
          '--static',
          `${mount}/static=${files}`,
          '--processes',
          '2',
        ],
        env: names,
      }
      site = await (front === undefined
        ? startSite({ ...options, use })
        : startBehind(front, options))
    }
    ada = new Browser(site.url)
  })
  afterAll(async () => {
    await site.stop()
  })

  test('the first page comes from a template and the database', async () => {
    const page = await ada.visit(`${mount}/`)
    expect(page.status).toBe(200)
    expect(page.text).toContain('<h1>0 books</h1>')
    expect(page.text).toContain(`href="${mount}/static/library/shelf.css"`)
  })

  test('static files are served without the application', async () => {
    for (const name of ['admin/css/base.css', 'library/shelf.css', 'admin/img/icon-yes.svg']) {
      const page = await ada.visit(`${mount}/static/${name}`)
      expect(page.status).toBe(200)
      expect(sha256(page.bytes)).toBe(sha256(await readFile(join(data, 'static', name))))
    }
    const sheet = await ada.visit(`${mount}/static/library/shelf.css`)
    expect(sheet.headers.get('content-type')).toMatch(/^text\/css/)
    const etag = sheet.headers.get('etag') ?? ''
    const again = await ada.visit(`${mount}/static/library/shelf.css`, {
      headers: { 'if-none-match': etag },
    })
    expect(again.status).toBe(304)
  })

  test('the admin sends strangers to its login', async () => {
    const page = await ada.visit(`${mount}/admin/`)
    expect(page.status).toBe(302)
    expect(page.headers.get('location')).toBe(`${mount}/admin/login/?next=${mount}/admin/`)
  })

  test('a login without the token against forgery is refused', async () => {
    const stranger = new Browser(site.url)
    const fields = { username: 'ada', password: 'open sesame' }
    expect((await stranger.submit(`${mount}/admin/login/`, fields)).status).toBe(403)
  })

  test('a login with a wrong password is refused', async () => {
    const stranger = new Browser(site.url)
    const form = await stranger.visit(`${mount}/admin/login/`)
    const fields = {
      csrfmiddlewaretoken: tokenOf(form.text),
      username: 'ada',
      password: 'wrong',
    }
    const page = await stranger.submit(`${mount}/admin/login/`, fields)
    expect(page.status).toBe(200)
    expect(page.text).toContain('Please enter the correct username and password')
    expect(stranger.cookies.has('sessionid')).toBe(false)
  })

  test('a login opens the admin', async () => {
    const form = await ada.visit(`${mount}/admin/login/?next=${mount}/admin/`)
    expect(ada.cookies.has('csrftoken')).toBe(true)
    const page = await ada.submit(`${mount}/admin/login/`, {
      csrfmiddlewaretoken: tokenOf(form.text),
      username: 'ada',
      password: 'open sesame',
      next: `${mount}/admin/`,
    })
    expect(page.status).toBe(302)
    expect(page.headers.get('location')).toBe(`${mount}/admin/`)
    expect(ada.cookies.has('sessionid')).toBe(true)
    const home = await ada.visit(`${mount}/admin/`)
    expect(home.status).toBe(200)
    expect(home.text).toContain('Site administration')
  })

  test('a book is added, found, changed and deleted in the admin', async () => {
    const add = `${mount}/admin/library/book/add/`
    const list = `${mount}/admin/library/book/`
    const form = new FormData()
    form.append('csrfmiddlewaretoken', tokenOf((await ada.visit(add)).text))
    form.append('title', 'Notes on the Engine')
    form.append('author', 'Ada Lovelace')
    form.append('scan', new Blob(['Bernoulli'], { type: 'text/plain' }), 'nötes.txt')
    const added = await ada.visit(add, { body: form })
    expect(added.status).toBe(302)
    expect(added.headers.get('location')).toBe(list)

    const found = await ada.visit(`${list}?q=engine`)
    expect(found.text).toContain('0 of 1 selected')
    const change = /href="([^"]*\/book\/\d+\/change\/)[^"]*"/.exec(found.text)?.[1] ?? ''
    const changing = new FormData()
    changing.append('csrfmiddlewaretoken', tokenOf((await ada.visit(change)).text))
    changing.append('title', 'Notes on the Analytical Engine')
    changing.append('author', 'Ada Lovelace')
    expect((await ada.visit(change, { body: changing })).status).toBe(302)
    expect((await ada.visit(`${mount}/`)).text).toContain(
      'Notes on the Analytical Engine by Ada Lovelace',
    )

    const remove = change.replace('/change/', '/delete/')
    const token = tokenOf((await ada.visit(remove)).text)
    const removed = await ada.submit(remove, { csrfmiddlewaretoken: token, post: 'yes' })
    expect(removed.status).toBe(302)
    expect((await ada.visit(`${mount}/`)).text).toContain('<h1>0 books</h1>')
  })

  test('a session counts over processes', async () => {
    const visitor = new Browser(site.url)
    for (const visits of [1, 2, 3, 4, 5]) {
      expect(JSON.parse((await visitor.visit(`${mount}/visits`)).text)).toEqual({ visits })
    }
    const other = await new Browser(site.url).visit(`${mount}/visits`)
    expect(JSON.parse(other.text)).toEqual({ visits: 1 })
  })

  test('a large file is uploaded and comes back unchanged', async () => {
    const bytes = bytesOf(6_000_000, 3)
    const visitor = new Browser(site.url)
    const form = new FormData()
    form.append('csrfmiddlewaretoken', tokenOf((await visitor.visit(`${mount}/upload`)).text))
    form.append('title', 'Größenlehre')
    form.append('author', '日本')
    form.append('scan', new Blob([bytes]), 'scan.pdf')
    const page = await visitor.visit(`${mount}/upload`, { body: form })
    expect(page.status).toBe(302)
    expect(page.headers.get('location')).toBe(`${mount}/`)

    const shelf = await visitor.visit(`${mount}/`)
    const id = /<li id="(\d+)">Größenlehre by 日本<\/li>/.exec(shelf.text)?.[1] ?? ''
    const scan = await visitor.visit(`${mount}/books/${id}/scan`, {
      headers: { 'accept-encoding': 'identity' },
    })
    expect(scan.status).toBe(200)
    // Apache leaves it out.
    if (front?.lacks.includes('length of HEAD') !== true)
      expect(scan.headers.get('content-length')).toBe('6000000')
    expect(scan.headers.get('content-type')).toBe('application/pdf')
    expect(scan.headers.get('content-disposition')).toBe('attachment; filename="scan.pdf"')
    expect(sha256(scan.bytes)).toBe(sha256(bytes))
    expect((await visitor.visit(`${mount}/books/999/scan`)).status).toBe(404)
  })

  test('a body in chunks is read by its length', async () => {
    const body = Buffer.from(JSON.stringify(Array.from({ length: 20_000 }, (_, at) => ({ at }))))
    expect(body.length).toBeGreaterThan(200_000)
    const page = await ada.visit(`${mount}/import`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: streamOf(body),
    })
    expect(page.status).toBe(200)
    expect(JSON.parse(page.text)).toEqual({ count: 20_000, sha256: sha256(body) })
  })

  test('a body over the limit of Django is refused by Django', async () => {
    const page = await ada.visit(`${mount}/import`, { body: bytesOf(11_000_000) })
    expect(page.status).toBe(400)
    expect((await ada.visit(`${mount}/visits`)).status).toBe(200)
  })

  test('a streamed answer comes whole, plain and compressed by Django', async () => {
    const whole = Array.from({ length: 20_000 }, (_, at) => `${at}: ${'x'.repeat(100)}\n`).join('')
    const plain = await ada.visit(`${mount}/export`, {
      headers: { 'accept-encoding': 'identity' },
    })
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(sha256(plain.bytes)).toBe(sha256(whole))
    const packed = await ada.visit(`${mount}/export`, { headers: { 'accept-encoding': 'gzip' } })
    expect(packed.headers.get('content-encoding')).toBe('gzip')
    expect(sha256(packed.bytes)).toBe(sha256(whole))
  })

  test('a file object that decompresses while it is read is not confused with the compressed file', async () => {
    const page = await ada.visit(`${mount}/archive`, { headers: { 'accept-encoding': 'identity' } })
    expect(page.status).toBe(200)
    expect(sha256(page.bytes)).toBe(sha256('old books\n'.repeat(100_000)))
  })

  test('conditional requests are answered by Django', async () => {
    const first = await ada.visit(`${mount}/search/engine`)
    const etag = first.headers.get('etag') ?? ''
    expect(etag).toMatch(/^(W\/)?"[0-9a-f]{32}"$/)
    const second = await ada.visit(`${mount}/search/engine`, { headers: { 'if-none-match': etag } })
    expect(second.status).toBe(304)
    expect(second.bytes.length).toBe(0)
  })

  test('a path in another script is text', async () => {
    const page = await ada.visit(`${mount}/search/${encodeURIComponent('größe 日本/')}`)
    expect(page.status).toBe(404)
    const found = await ada.visit(`${mount}/search/${encodeURIComponent('größe 日本')}`)
    expect(JSON.parse(found.text)).toMatchObject({ words: 'größe 日本' })
  })

  test('Django knows its own address', async () => {
    const page = await ada.visit(`${mount}/address?from=test`)
    expect(page.text.split('\n')).toEqual([
      `${site.url.replace(/\/$/, '')}${mount}/address?from=test`,
      `${mount}/address`,
      `${mount}/address`,
    ])
  })

  test('a Host that Django does not serve is its 400', async () => {
    const { hostname, port } = new URL(site.url)
    const answer = await statusFor(hostname, Number(port), `${mount}/address`)
    expect(answer).toBe(400)
  })

  test('an exception is a page without a secret, and a traceback in the log', async () => {
    const page = await ada.visit(`${mount}/broken`)
    expect(page.status).toBe(500)
    expect(page.text).not.toContain('a secret of the application')
    await site.waitForOutput(/RuntimeError: a secret of the application/)
  })

  test('logging out ends the session', async () => {
    const home = await ada.visit(`${mount}/admin/`)
    const page = await ada.submit(`${mount}/admin/logout/`, {
      csrfmiddlewaretoken: tokenOf(home.text),
    })
    expect(page.status).toBe(200)
    expect((await ada.visit(`${mount}/admin/`)).status).toBe(302)
  })
})

/** The status of the answer to a request with another Host; `fetch` always sends the host that it connects to. */
async function statusFor(hostname: string, port: number, path: string): Promise<number> {
  return await new Promise((resolve, reject) => {
    const call = request({ hostname, port, path, headers: { host: 'elsewhere.example.org' } })
    call.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    call.on('error', reject)
    call.end()
  })
}
