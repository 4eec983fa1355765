import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ROOT } from '../support/cli.ts'
import { Browser } from './support/browser.ts'
import { makeFolder } from './support/folder.ts'
import { startSite, type Site } from './support/site.ts'

const EXAMPLES = join(ROOT, 'examples')

describe.each([
  ['daemon', []],
  ['embedded', ['-e', 'embedded', '-p', '1']],
] as const)('examples of scripts, %s', (_name, engine) => {
  let sites: Record<'guestbook' | 'pages' | 'cheetah' | 'webware' | 'folder', Site>

  beforeAll(async () => {
    const copy = await makeFolder()
    // Some write beside themselves.
    await cp(EXAMPLES, copy, { recursive: true })
    const start = async (name: string) =>
      await startSite({ args: ['--config', join(copy, name, 'taipan.config.ts'), ...engine] })
    const [guestbook, pages, cheetah, webware, folder] = await Promise.all([
      start('guestbook'),
      start('pages'),
      start('cheetah'),
      start('webware'),
      startSite({ args: [join(copy, 'folder'), ...engine] }),
    ])
    sites = { guestbook, pages, cheetah, webware, folder }
  })
  afterAll(async () => {
    await Promise.all(Object.values(sites).map(async (site) => await site.stop()))
  })

  test('a guest book is signed, as a script and as a program, by many at once', async () => {
    const browser = new Browser(sites.guestbook.url)
    const paths = ['/guestbook.py', '/cgi-bin/guestbook.py']
    for (const path of paths)
      expect((await browser.visit(path)).text).toContain(`<form method="post" action="${path}">`)
    const names = Array.from({ length: 12 }, (_, index) => `visitor ${index}`)
    const answers = await Promise.all(
      names.map(async (name, index) => {
        const text = `<script>${'é'.repeat(600)}`
        return await browser.submit(paths[index % 2] ?? '', { name, text })
      }),
    )
    expect(answers.map(({ status, headers }) => [status, headers.get('location')])).toEqual(
      names.map((_, index) => [303, paths[index % 2]]),
    )
    expect((await browser.submit('/guestbook.py', { name: 'nobody', text: ' ' })).status).toBe(303)
    for (const path of paths) {
      const { text } = await browser.visit(path)
      expect(text.match(/<b>visitor \d+<\/b>/g)).toHaveLength(names.length)
      expect(text).toContain('&lt;script&gt;é')
      expect(text).not.toMatch(/<script>|nobody/)
    }
    expect((await browser.visit('/entries.txt')).status).toBe(404)
  })

  test.each(['/mod_python', '/webware'])('the shop %s keeps a basket', async (path) => {
    const browser = new Browser(sites.pages.url)
    const other = new Browser(sites.pages.url)
    expect((await browser.visit(`${path}/`)).text).toContain('Come in')
    const named = await browser.submit(`${path}/index.psp`, { name: '<Zoë>' })
    expect(named.text).toContain('<p>Hello, &lt;Zoë&gt;.</p>')
    for (const thing of ['tea', 'cake', 'tea']) {
      const added = await browser.visit(`${path}/index.psp?add=${thing}`)
      expect([added.status, added.headers.get('location')]).toEqual([302, 'basket.psp'])
    }
    const basket = await browser.visit(`${path}/basket.psp`)
    expect(basket.text).toMatch(/<h1>Your basket<\/h1>[^]*<p>2 x tea<\/p>[^]*<p>1 x cake<\/p>/)
    expect(basket.text).toMatch(/<p>Together: 11<\/p>[^]*The shop<\/a>/)
    const unknown = await browser.visit(`${path}/index.psp?add=%3Cgold%3E`)
    expect(unknown.status).toBe(404)
    expect(unknown.text).toContain('There is no such thing')
    expect((await browser.visit(`${path}/basket.psp`)).text).toContain('<p>Together: 11</p>')
    expect((await other.visit(`${path}/basket.psp`)).text).toContain('<p>Together: 0</p>')
    const left =
      path === '/webware'
        ? await browser.submit(`${path}/index.psp`, { _action_leave: '' })
        : await browser.visit(`${path}/leave.psp`)
    expect(left.headers.get('location')).toBe('index.psp')
    expect((await browser.visit(`${path}/`)).text).toContain('Come in')
    for (const part of ['head.inc', 'foot.inc', 'shop.py', 'SitePage.py'])
      expect((await browser.visit(`${path}/${part}`)).status).not.toBe(200)
  })

  test('templates of Cheetah extend and include each other', async () => {
    const browser = new Browser(sites.cheetah.url)
    const index = await browser.visit('/')
    expect(index.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const links = [...index.text.matchAll(/<li><a href="([^"]+)"/g)].map(([, link = '']) => link)
    expect(links).toHaveLength(3)
    expect(index.text).toContain('<p>3 tunes, seen 0 times.')
    const found = await browser.visit('/?composer=%3CBéla%3E')
    expect(found.text).toContain('<p>Nothing by &lt;Béla&gt;.</p>')
    for (const link of links) expect((await browser.visit(`/${link}`)).status).toBe(200)
    expect((await browser.visit('/')).text).toContain('seen 3 times')
    const unknown = await browser.visit('/tune.tmpl?key=none')
    expect(unknown.status).toBe(404)
    expect(unknown.text).toContain('There is no such tune.')
    for (const source of ['tunes.py', 'foot.inc', 'layout.tmpl.bak'])
      expect((await browser.visit(`/${source}`)).status).toBe(404)
  })

  test('a context of Webware has servlets and pages', async () => {
    const browser = new Browser(sites.webware.url)
    const main = await browser.visit('/')
    expect(main.text).toContain('<p>There are 3 stalls today.</p>\n<p>Open until eight, whoever')
    expect((await browser.visit('/Main.py')).text).toBe(main.text)
    const links = [...main.text.matchAll(/<a href="(\/Stalls[^"]+)"/g)].map(([, link = '']) => link)
    expect(links).toHaveLength(3)
    for (const link of links) {
      const page = await browser.visit(link)
      const name = /name="name" value="(\w+)"/.exec(page.text)?.[1] ?? ''
      const action = /action="([^"]+)"/.exec(page.text)?.[1] ?? ''
      const taken = await browser.submit(action, { name, _action_take: '' })
      expect([taken.status, taken.headers.get('location')]).toEqual([303, 'Basket'])
    }
    const basket = await browser.visit('/Basket')
    expect(basket.text).toContain('<p>1 x Plums</p>\n<p>Together: 9</p>')
    expect((await browser.submit('/Basket', { _action_empty: '' })).status).toBe(303)
    expect((await browser.visit('/Basket')).text).toContain('<p>Together: 0</p>')
    expect((await browser.visit('/Stalls/Stall/Nuts')).status).toBe(404)
    const call = { id: 1, method: 'price', params: ['Pears'] }
    const price = await browser.visit('/Prices', { body: JSON.stringify(call) })
    expect(price.headers.get('content-type')).toBe('application/json')
    expect(price.text).toContain('{"id": 1, "result": 4}')
    for (const path of ['/__init__.py', '/Notice.psp.bak', '/nothing'])
      expect((await browser.visit(path)).status).toBe(404)
  })

  test('a folder is a site', async () => {
    const browser = new Browser(sites.folder.url)
    const page = await browser.visit('/')
    expect(page.text).toContain('<h1>My site</h1>')
    const links = [...page.text.matchAll(/(?:href|src|action)="([^"]+)"/g)]
    const answers = await Promise.all(
      links.map(async ([, link = '']) => (await browser.visit(`/${link}`)).status),
    )
    expect(answers).toEqual(links.map(() => 200))
    expect((await browser.visit('/hello.py')).text).toContain('<h1>Hello, world!</h1>')
    const named = await browser.visit('/hello.py?name=%3CAda%3E')
    expect(named.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(named.text).toContain('<h1>Hello, &lt;Ada&gt;!</h1>')
    expect((await browser.visit('/page.psp')).text).toContain('<tr><td>5</td><td>25</td></tr>')
    expect((await browser.visit('/greeting.py.bak')).status).toBe(404)
    const picture = await browser.visit('/pictures/sun.svg')
    expect(picture.bytes).toEqual(await readFile(join(EXAMPLES, 'folder/pictures/sun.svg')))
  })
})
