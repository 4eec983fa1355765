import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ROOT } from '../support/cli.ts'
import { Browser } from './support/browser.ts'
import { describeSample } from './support/sample-contract.ts'
import { SITES, startSite, type Site } from './support/site.ts'

const app = join(SITES, 'quixote/app.py')
const traceback = /RuntimeError: a secret of the application/

describeSample({ name: 'Quixote', args: [`${app}:create_app()`], traceback })
// A publisher of Quixote refuses to run if `wsgi.multithread` is true, and is hidden here.
describeSample({
  name: 'Quixote, validated',
  args: ['-t', '1', `${app}:create_validated()`],
  mount: '/site',
  traceback,
})

describe('Quixote', () => {
  let sample: Site
  let demo: Site
  let example: Site

  beforeAll(async () => {
    ;[sample, demo, example] = await Promise.all([
      startSite({ args: [`${app}:create_app()`] }),
      startSite({ args: [join(SITES, 'quixote/demo.py')] }),
      startSite({ args: [join(ROOT, 'examples/quixote')] }),
    ])
  })
  afterAll(async () => {
    await Promise.all([sample.stop(), demo.stop(), example.stop()])
  })

  test('a page in PTL is compiled and escapes what visitors write', async () => {
    const page = await new Browser(sample.url).visit('/greeting?name=%3Cb%3EZo%C3%AB')
    expect(page.status).toBe(200)
    expect(page.text).toBe('<!doctype html><title>PTL</title><p>Hello, &lt;b&gt;Zoë!</p>')
  })

  test('an example imports PTL without a call of enable_ptl', async () => {
    const browser = new Browser(example.url)
    const index = await browser.visit('/')
    const links = [...index.text.matchAll(/href="([^"]+)"/g)].map(([, link = '']) => link)
    expect(links).toEqual(['tea/', 'pancakes/'])
    const recipe = await browser.visit('/pancakes/?persons=3')
    expect(recipe.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(recipe.text).toContain(
      '<h1>pancakes for 3</h1>\n<table>\n<tr><td>eggs</td><td>6</td></tr>',
    )
    const nothing = await browser.visit('/search?for=%3Cbéchamel%3E')
    expect(nothing.text).toContain('<p>There is no recipe for &lt;béchamel&gt;.</p>')
    const found = await browser.visit('/search?for=tea')
    expect([found.status, found.headers.get('location')]).toEqual([302, `${example.url}/tea/`])
    expect((await browser.visit('/soup/')).status).toBe(404)
  })

  test('its own demo counts to a factorial', async () => {
    const page = await new Browser(demo.url).visit('/extras/12/factorial')
    expect(page.status).toBe(200)
    expect(page.text).toContain('479001600')
  })

  test('a stream that Quixote frames itself is framed once', async () => {
    const page = await new Browser(demo.url).visit('/extras/chunked')
    expect(page.headers.get('transfer-encoding')).toBe('chunked')
    const lines = Array.from({ length: 30 }, (_, at) => `line ${at}\n`).join('')
    expect(page.text).toBe(`The server does not know how long this will be.\n${lines}`)
  })

  test('its own static folder is listed and read', async () => {
    const page = await new Browser(demo.url).visit('/extras/src/wsgi.py')
    expect(page.status).toBe(200)
    expect(page.text).toContain('class QWIP:')
  })
})
