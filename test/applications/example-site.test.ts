import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Browser } from './support/browser.ts'
import { bytesOf, sha256 } from './support/bytes.ts'
import { startSite, type Site } from './support/site.ts'

const folder = fileURLToPath(new URL('../../examples/site/', import.meta.url))

describe('the example site', () => {
  let site: Site
  let browser: Browser

  beforeAll(async () => {
    site = await startSite({ args: ['--config', join(folder, 'taipan.config.ts')] })
    browser = new Browser(site.url)
  })
  afterAll(async () => {
    await site.stop()
  })

  test('the first page links to every example, and every link answers', async () => {
    const page = await browser.visit('/')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.text).toContain('<h1>Taipan is running.</h1>')
    const links = [...page.text.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(([, link]) => link ?? '')
    const answers = await Promise.all(
      [...new Set(links)].map(async (link) => [link, (await browser.visit(link)).status] as const),
    )
    expect(Object.fromEntries(answers)).toEqual({
      '/static/taipan.svg': 200,
      '/static/site.css': 200,
      '/hello': 200,
      '/environ?from=home': 200,
      '/flask/': 200,
      '/stream': 200,
      '/upload': 200,
      '/error': 500,
      '/edit': 200,
      '/moved': 308,
    })
  })

  test('the first page loads nothing from elsewhere and says its language', async () => {
    const page = await browser.visit('/')
    expect(page.text).toContain('<html lang="en">')
    expect(page.text).not.toMatch(/(?:href|src)="https?:/)
    expect(page.text).toMatch(/<img src="[^"]+" alt=""/)
  })

  test('the smallest application says hello', async () => {
    expect((await browser.visit('/hello')).text).toBe('Hello from Python!\n')
  })

  test('the environ page shows the request and escapes it', async () => {
    const page = await browser.visit('/environ/%3Cb%3E?q=%3Cb%3E', {
      headers: { 'x-script': '<script>' },
    })
    expect(page.text).toContain('<code>SCRIPT_NAME</code><td><code>&#x27;/environ&#x27;</code>')
    expect(page.text).toContain('<code>PATH_INFO</code><td><code>&#x27;/&lt;b&gt;&#x27;</code>')
    expect(page.text).toContain('&lt;script&gt;')
    expect(page.text).not.toContain('<script>')
  })

  test('Flask greets by name', async () => {
    expect((await browser.visit('/flask/?name=Zo%C3%AB')).text).toContain('Hello, Zoë!')
  })

  test('a stream arrives piece by piece, not at its end', async () => {
    const response = await browser.open('/stream/text')
    const reader = response.body?.getReader()
    const first = await reader?.read()
    expect(Buffer.from(first?.value ?? []).toString()).toBe('line 1\n')
    await reader?.cancel()
    const events = await browser.visit('/stream/events')
    expect(events.headers.get('content-type')).toBe('text/event-stream')
    const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    expect(events.text).toBe(numbers.map((number) => `data: ${number}\n\n`).join(''))
  })

  test.each([0, 17, 65_536, 5_000_001])(
    'an upload of %i bytes is counted and hashed',
    async (size) => {
      const bytes = bytesOf(size)
      const form = new FormData()
      form.append('file', new Blob([bytes]), 'any.bin')
      const page = await browser.visit('/upload', { body: form })
      expect(page.status).toBe(200)
      expect(page.text).toContain(`<p>${size} bytes were received.</p>`)
      expect(page.text).toContain(`<code>${sha256(bytes)}</code>`)
    },
  )

  test('the error page shows the visitor nothing, and the log everything', async () => {
    const page = await browser.visit('/error')
    expect(page.status).toBe(500)
    expect(page.text).not.toContain('on purpose')
    await site.waitForOutput(/RuntimeError: this example fails on purpose/)
  })

  test('static files have their types and are served unchanged', async () => {
    for (const [name, type] of [
      ['taipan.svg', 'image/svg+xml'],
      ['site.css', 'text/css; charset=utf-8'],
    ] as const) {
      const page = await browser.visit(`/static/${name}`)
      expect(page.headers.get('content-type')?.toLowerCase()).toBe(type)
      expect(page.headers.get('cache-control')).toBe('max-age=60')
      expect(page.bytes).toEqual(await readFile(join(folder, 'public', name)))
    }
  })

  test('the redirect leads to the greeting', async () => {
    const page = await browser.visit('/moved')
    expect(page.status).toBe(308)
    expect(page.headers.get('location')).toBe('/hello')
  })

  test('an unknown page is a 404', async () => {
    expect((await browser.visit('/nowhere')).status).toBe(404)
  })
})
