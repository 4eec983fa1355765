import { join } from 'node:path'

import { expect, test } from 'vitest'

import { describeAsyncSample, type SampleSite } from './support/sample-contract.ts'
import { openSocket } from './support/socket.ts'
import { SITES } from './support/site.ts'

describeAsyncSample(
  {
    name: 'FastAPI',
    args: [`${join(SITES, 'fastapi/app.py')}:app`],
    mount: '/site',
    traceback: /RuntimeError: a secret of the application/,
    lastWords: /the shelf is closed by its loop/,
  },
  (current) => {
    describeDocuments(current)
    describeEndpoints(current)
  },
)

function describeDocuments(current: () => SampleSite): void {
  test('the page of the documents finds its description', async () => {
    const { browser } = current()
    const page = await browser.visit('/site/docs')
    expect(page.status).toBe(200)
    const address = /url: '([^']+)'/.exec(page.text)?.[1] ?? ''
    expect(address).toBe('/site/openapi.json')
    const description = JSON.parse((await browser.visit(address)).text)
    expect(description).toMatchObject({ info: { title: 'Sample' }, servers: [{ url: '/site' }] })
    expect(Object.keys(description.paths)).toContain('/orders/{number}')
  })

  test('an application mounted in it knows its place', async () => {
    const { browser } = current()
    const page = await browser.visit('/site/inner/where')
    expect(JSON.parse(page.text)).toEqual({ root_path: '/site/inner', url: '/site/inner/where' })
    expect((await browser.visit('/site/inner/docs')).text).toContain('/site/inner/openapi.json')
  })

  test('files come whole, in part, or not at all when they are known', async () => {
    const { browser } = current()
    const whole = 'A file as it lies on the disk.\n'
    for (const path of ['/site/file', '/site/files/readme.txt']) {
      const page = await browser.visit(path)
      expect(page.text).toBe(whole)
      expect(page.headers.get('content-length')).toBe(String(whole.length))
      const part = await browser.visit(path, { headers: { range: 'bytes=2-5' } })
      expect([part.status, part.text]).toEqual([206, 'file'])
    }
    const etag = (await browser.visit('/site/files/readme.txt')).headers.get('etag') ?? ''
    const known = { headers: { 'if-none-match': etag } }
    expect((await browser.visit('/site/files/readme.txt', known)).status).toBe(304)
    expect((await browser.visit('/site/files/none.txt')).status).toBe(404)
  })
}

function describeEndpoints(current: () => SampleSite): void {
  const visit = async (path: string) => await current().browser.visit(`/site${path}`)
  const readJournal = async (): Promise<string[]> => JSON.parse((await visit('/journal')).text)
  const order = async (number: string, body: object) =>
    await current().browser.visit(`/site/orders/${number}`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  test('a valid body is taken, and every mistake of another is named', async () => {
    const taken = await order('7', { title: 'Ünï', count: 3 })
    expect([taken.status, JSON.parse(taken.text)]).toEqual([201, { number: 7, total: 3 }])
    const refused = await order('seven', { count: -3 })
    expect(refused.status).toBe(422)
    const places = JSON.parse(refused.text).detail.map(({ loc }: { loc: unknown }) => loc)
    expect(places).toEqual([
      ['path', 'number'],
      ['body', 'title'],
      ['body', 'count'],
    ])
  })

  test('a dependency is cleaned up after its request', async () => {
    expect((await visit('/borrow')).text).toBe('"a book"')
    await expect
      .poll(readJournal)
      .toEqual(expect.arrayContaining(['borrowed', 'read a book', 'given back']))
  })

  test('a background task runs after the answer', async () => {
    const page = await current().browser.visit('/site/letters', { method: 'POST' })
    expect(page.text).toBe('"sent"')
    await expect.poll(readJournal).toContain('delivered')
  })

  test('synchronous endpoints run at the same time, on threads', async () => {
    const pages = await Promise.all([visit('/meet'), visit('/meet')])
    expect(pages.map(({ text }) => text)).toEqual(['true', 'true'])
  })

  test('an exception with a handler is its answer', async () => {
    const page = await visit('/teapot')
    expect([page.status, page.text]).toEqual([418, '{"detail":"short and stout"}'])
  })

  test('a request of another origin is allowed by the middleware', async () => {
    const headers = { origin: 'https://shop.example', 'access-control-request-method': 'GET' }
    const asked = await current().browser.visit('/site/journal', { method: 'OPTIONS', headers })
    expect(asked.status).toBe(200)
    expect(asked.headers.get('access-control-allow-origin')).toBe('https://shop.example')
  })

  test('what the lifespan made is there for requests and WebSockets', async () => {
    expect((await visit('/state')).text).toBe('["opened"]')
    const socket = await openSocket(new URL('/site/socket', current().site.url))
    socket.send('state')
    expect(await socket.receive()).toBe('["opened"]')
    await socket.close(1000)
  })

  test('the first subprotocol that is offered is chosen', async () => {
    const { site } = current()
    const subprotocols = ['chat.v2', 'chat.v1']
    const socket = await openSocket(new URL('/site/socket', site.url), { subprotocols })
    expect(socket.subprotocol).toBe('chat.v2')
    await socket.close(1000)
  })
}
