import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ROOT } from '../support/cli.ts'
import { Browser } from './support/browser.ts'
import { ENGINES } from './support/engines.ts'
import { startSite, type Site } from './support/site.ts'

const CREDENTIALS = { authorization: `Basic ${Buffer.from('spam:eggs').toString('base64')}` }

describe.each(ENGINES)('the site for mod_python, %s', (engine) => {
  let site: Site

  beforeAll(async () => {
    site = await startSite({
      args: ['--config', join(ROOT, 'examples/mod-python/taipan.config.ts')],
      use: { engine },
    })
  })
  afterAll(async () => void (await site.stop()))

  test('published functions, forms and a session', async () => {
    const browser = new Browser(site.url)
    const first = await browser.visit('/')
    expect(first.headers.get('content-type')).toBe('text/html')
    expect(first.headers.getSetCookie()).toEqual([expect.stringMatching(/^visit=\w+; path=\//)])
    expect(first.text).toContain('You have been here 1 times.')
    expect((await browser.visit('/index')).text).toContain('You have been here 2 times.')
    const form = new FormData()
    form.append('name', '<Eva>')
    form.append('comment', 'abc')
    form.append('picture', new Blob(['1234']), 'a.png')
    expect((await browser.visit('/thanks', { body: form })).text).toBe(
      '<html><p>Dear &lt;Eva&gt;, thank you for 3 letters and 4 bytes of a.png.</html>',
    )
    expect((await browser.submit('/thanks', { name: ' ' })).status).toBe(400)
    expect((await browser.visit('/thanks')).status).toBe(500)
    const forgotten = await browser.visit('/forget')
    expect([forgotten.status, forgotten.headers.get('location')]).toEqual([302, '/'])
    expect((await browser.visit('/')).text).toContain('You have been here 1 times.')
  })

  test('objects and what is private in them', async () => {
    const browser = new Browser(site.url)
    expect((await browser.visit('/people/ada')).text).toBe('This is Ada.')
    expect((await browser.visit('/people/grace/born?when=around')).text).toBe(
      'Grace was born around 1906.',
    )
    expect((await browser.visit('/people/ada/_year')).status).toBe(403)
    expect((await browser.visit('/people/Person')).status).toBe(403)
    expect((await browser.visit('/nobody')).status).toBe(404)
  })

  test('a page with a session', async () => {
    const browser = new Browser(site.url)
    await browser.visit('/shop/cart.psp?add=spam')
    expect((await browser.visit('/shop/cart.psp?add=%3Ceggs%3E')).text).toMatch(
      /<li>spam<\/li>[^]*<li>&lt;eggs&gt;<\/li>[^]*2 things/,
    )
  })

  test('an authen handler', async () => {
    const browser = new Browser(site.url)
    const asked = await browser.visit('/members/')
    const challenge = asked.headers.get('www-authenticate')
    expect([asked.status, challenge]).toEqual([401, 'Basic realm="Members"'])
    const visit = async (path: string) => await browser.visit(path, { headers: CREDENTIALS })
    expect((await visit('/members/')).text).toBe('Welcome, spam.')
    expect((await visit('/members/rules')).status).toBe(403)
    expect((await visit('/members/door/_PASSWORDS')).status).toBe(403)
  })

  test('files through an output filter', async () => {
    const browser = new Browser(site.url)
    expect((await browser.visit('/loud/poem.txt')).text).toBe('SPAM, EGGS\nAND SPAM\n')
    expect((await browser.visit('/loud/words.py')).status).toBe(404)
  })
})
