import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Browser, streamOf } from './browser.ts'
import { bytesOf, sha256 } from './bytes.ts'
import { describeUse, ENGINES, type EngineUse } from './engines.ts'
import { startSite, type Site } from './site.ts'
import { openSocket } from './socket.ts'

/** Features that a framework, or the way to it, may lack. */
export type Feature = 'length of HEAD' | 'close code' | 'refusal' | 'streaming' | 'chunks'

/** A sample site: a small application with the same pages in every framework. */
export interface Sample {
  /** Name of the framework. */
  readonly name: string
  /** Arguments of `taipan serve`, or a function that prepares the site and returns them. */
  readonly args: readonly string[] | (() => Promise<readonly string[]>)
  /** Where the site is mounted; every redirect and cookie path must include it. */
  readonly mount?: string
  /** Text of the framework's own traceback in the log. */
  readonly traceback?: RegExp
  readonly use?: EngineUse
  /** Serves these arguments; by default `taipan serve` does. */
  readonly serve?: (args: readonly string[]) => Promise<Site>
  /** Output of the application when it is stopped. */
  readonly lastWords?: RegExp
  /** Features that it lacks with any server. */
  readonly lacks?: readonly Feature[]
}

/** Shared by the tests of a sample. */
export interface SampleSite {
  readonly site: Site
  readonly browser: Browser
  readonly mount: string
}

/** Tests an ASGI sample in every engine: the pages and the WebSocket of all samples, and tests of its own. */
export function describeAsyncSample(
  sample: Omit<Sample, 'use'>,
  describeMore: (current: () => SampleSite) => void = () => {},
): void {
  for (const engine of ENGINES) {
    describeSample({ ...sample, use: { engine } }, (current) => {
      describeSocket(sample, current)
      describeMore(current)
    })
  }
}

/** Tests a WSGI sample inside Node, on Node's thread and on threads of Python. */
export function describeInsideNode(sample: Omit<Sample, 'use'>): void {
  if (!ENGINES.includes('embedded')) return
  describeSample({ ...sample, use: { engine: 'embedded' } })
  describeSample({ ...sample, use: { engine: 'embedded', threads: 4 } })
}

/** Tests a sample: the pages of all samples, and the tests of `describeMore`. */
export function describeSample(
  sample: Sample,
  describeMore: (current: () => SampleSite) => void = () => {},
): void {
  const { use, mount = '' } = sample
  const place = mount === '' ? '' : ` at ${mount}`
  describe(`${sample.name}${place}${formatUse(use)}`, () => {
    const lacks = (feature: Feature): boolean => sample.lacks?.includes(feature) ?? false
    let site: Site
    let browser: Browser

    beforeAll(async () => {
      const words = sample.mount === undefined ? [] : ['--mount', sample.mount]
      const args = typeof sample.args === 'function' ? await sample.args() : sample.args
      site = await (sample.serve?.(args) ?? startSite({ args: [...args, ...words], use }))
      browser = new Browser(site.url)
    })
    afterAll(async () => {
      expect(await site.stop()).toMatch(sample.lastWords ?? '')
    })

    test('a query comes as text, in any script', async () => {
      const page = await browser.visit(`${mount}/hello?name=${encodeURIComponent('Ünï 世界 &=+')}`)
      expect(page.status).toBe(200)
      expect(page.headers.get('content-type')?.toLowerCase()).toMatch(
        /^text\/plain; ?charset=utf-8$/,
      )
      expect(page.text).toBe('Hello, Ünï 世界 &=+!')
    })

    test('a path comes as text, in any script', async () => {
      const page = await browser.visit(`${mount}/path/${encodeURIComponent('größe 日本')}`)
      expect(page.status).toBe(200)
      expect(page.text).toBe('größe 日本')
    })

    test.skipIf(lacks('length of HEAD'))('HEAD has the fields of GET and no body', async () => {
      const page = await browser.visit(`${mount}/hello?name=you`, { method: 'HEAD' })
      expect(page.status).toBe(200)
      expect(page.headers.get('content-length')).toBe('11')
      expect(page.bytes.length).toBe(0)
      expect((await browser.visit(`${mount}/hello?name=you`)).text).toBe('Hello, you!')
    })

    test('two cookies are set and come back', async () => {
      const visitor = new Browser(site.url)
      const page = await visitor.visit(`${mount}/cookies/set`)
      expect(page.status).toBe(200)
      const pairs = page.headers.getSetCookie().map((line) => line.split(';', 1)[0])
      expect(pairs.map((pair) => pair?.replaceAll('"', ''))).toEqual(['first=1', 'second=two'])
      const shown = await visitor.visit(`${mount}/cookies`)
      expect(JSON.parse(shown.text)).toEqual({ first: '1', second: 'two' })
    })

    test('a form comes with its fields', async () => {
      const page = await browser.submit(`${mount}/form`, {
        name: 'Zoë',
        note: 'a+b & c=d\r\nline two',
      })
      expect(page.status).toBe(200)
      expect(JSON.parse(page.text)).toEqual({ name: 'Zoë', note: 'a+b & c=d\r\nline two' })
    })

    test.each([0, 1, 70_000, 3_000_000])('a file of %i bytes is uploaded whole', async (size) => {
      const bytes = bytesOf(size)
      const form = new FormData()
      form.append('comment', 'näh')
      form.append('file', new Blob([bytes], { type: 'application/x-thing' }), 'thing.bin')
      const page = await browser.visit(`${mount}/upload`, { body: form })
      expect(page.status).toBe(200)
      expect(JSON.parse(page.text)).toEqual({
        comment: 'näh',
        filename: 'thing.bin',
        size,
        sha256: sha256(bytes),
      })
    })

    test.skipIf(lacks('chunks'))('a body in chunks comes whole', async () => {
      const bytes = bytesOf(700_000, 7)
      const page = await browser.visit(`${mount}/body`, {
        method: 'PUT',
        headers: { 'content-type': 'application/octet-stream' },
        body: streamOf(bytes),
      })
      expect(page.status).toBe(200)
      expect(JSON.parse(page.text)).toEqual({ size: 700_000, sha256: sha256(bytes) })
    })

    test('a streamed answer comes in order', async () => {
      const page = await browser.visit(`${mount}/stream`)
      expect(page.status).toBe(200)
      if (!lacks('streaming')) expect(page.headers.get('content-length')).toBeNull()
      expect(page.text).toBe(Array.from({ length: 100 }, (_, at) => `line ${at}\n`).join(''))
    })

    test('a large answer comes whole', async () => {
      const page = await browser.visit(`${mount}/large`)
      expect(page.status).toBe(200)
      expect(page.bytes.length).toBe(2_000_000)
      expect(sha256(page.bytes)).toBe(sha256(Buffer.alloc(2_000_000, '0123456789')))
    })

    test('a redirect stays in the site', async () => {
      const page = await browser.visit(`${mount}/redirect`)
      expect([302, 303]).toContain(page.status)
      const location = new URL(page.headers.get('location') ?? '', `${site.url}${mount}/redirect`)
      expect(location.href).toBe(new URL(`${mount}/hello?name=moved`, site.url).href)
      expect((await browser.visit(location.href)).text).toBe('Hello, moved!')
    })

    test('an exception is an error page that tells the visitor nothing', async () => {
      const page = await browser.visit(`${mount}/error`)
      expect(page.status).toBe(500)
      expect(page.text).not.toContain('a secret of the application')
      if (sample.traceback !== undefined) await site.waitForOutput(sample.traceback)
    })

    test('an unknown page is the 404 of the framework', async () => {
      expect((await browser.visit(`${mount}/nowhere`)).status).toBe(404)
    })

    test('many visitors at once each get their own answer', async () => {
      const names = Array.from({ length: 50 }, (_, at) => `visitor-${at}`)
      const pages = await Promise.all(
        names.map(async (name) => await browser.visit(`${mount}/hello?name=${name}`)),
      )
      expect(pages.map((page) => page.text)).toEqual(names.map((name) => `Hello, ${name}!`))
    })

    describeMore(() => ({ site, browser, mount }))
  })
}

function formatUse(use: EngineUse | undefined): string {
  return use === undefined ? '' : ` (${describeUse(use)})`
}

function describeSocket(sample: Sample, current: () => SampleSite): void {
  const lacks = (feature: Feature): boolean => sample.lacks?.includes(feature) ?? false
  const connect = async (words = '') => {
    const { site, mount } = current()
    return await openSocket(new URL(`${mount}/socket${words}`, site.url))
  }

  test('a WebSocket gets back the texts that it sends', async () => {
    const socket = await connect()
    const texts = ['', 'näh 世界', 'x'.repeat(200_000), 'last']
    for (const text of texts) socket.send(text)
    for (const text of texts) expect(await socket.receive()).toBe(text)
    expect(await socket.close(1000)).toEqual({ code: 1000, reason: '' })
  })

  test('a WebSocket gets back the bytes that it sends', async () => {
    const socket = await connect('?kind=binary')
    const bytes = bytesOf(100_000, 5)
    socket.send(bytes)
    expect(await socket.receive()).toEqual(bytes)
    expect((await socket.close(4999)).code).toBe(4999)
  })

  test.skipIf(lacks('close code'))(
    'the application closes a WebSocket with its own code',
    async () => {
      const socket = await connect()
      socket.send('close')
      expect(await socket.closed).toEqual({ code: 4001, reason: 'as you wish' })
    },
  )

  test.skipIf(lacks('refusal'))('a WebSocket to nowhere is refused', async () => {
    const { site, mount } = current()
    await expect(openSocket(new URL(`${mount}/nowhere`, site.url))).rejects.toThrow(
      /Unexpected server response: 40[34]/,
    )
  })

  test('many WebSockets at once each get their own messages', async () => {
    const sockets = await Promise.all(Array.from({ length: 50 }, async () => await connect()))
    for (const [at, socket] of sockets.entries()) socket.send(`to ${at}`)
    const echoes = await Promise.all(sockets.map(async (socket) => await socket.receive()))
    expect(echoes).toEqual(sockets.map((_, at) => `to ${at}`))
    await Promise.all(sockets.map(async (socket) => await socket.close(1000)))
  })
}
