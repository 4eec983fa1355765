import { afterEach, describe, expect, test } from 'vitest'

import type { Exchange, Handler } from '../../../src/core/exchange.ts'
import type { Logger } from '../../../src/core/logger.ts'
import { FieldBlock, type FieldPairs } from '../../../src/core/field-block.ts'
import { createResponseHead } from '../../../src/core/response-head.ts'
import { PageRefresh } from '../../../src/pipeline/refresh/page-refresh.ts'
import { PAGE_SCRIPT } from '../../../src/pipeline/refresh/page-script.ts'
import { startFront, type RunningFront } from '../../support/front.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil } from '../../support/raw-client.ts'
import type { RawConnection, RawRequest, RawResponse } from '../../support/raw-client.ts'

const HTML: FieldPairs = ['Content-Type', 'text/html; charset=utf-8']
const PAGE = '<!DOCTYPE html><BODY>h\u00e4llo</BODY></HTML>'
const AS_PAGE = [['Sec-Fetch-Dest', 'document']] as const

/** A front whose pages are refreshed. */
class Lab {
  readonly told: string[] = []
  readonly pages: PageRefresh
  handler: Handler = () => {}
  #front: RunningFront | undefined

  constructor() {
    const ignore = (): void => {}
    const info: Logger['info'] = (_fields, message) => void this.told.push(message)
    const logger = { debug: ignore, output: ignore, info, warn: ignore, error: ignore }
    this.pages = new PageRefresh(logger, 'v.0')
  }

  async start(handler: Handler): Promise<void> {
    this.#front = await startFront(this.pages.wrap(handler))
  }

  get url(): string {
    return this.#front?.url ?? ''
  }

  async fetch(request: RawRequest = {}): Promise<RawResponse> {
    return await fetchRaw(this.url, { headers: AS_PAGE, ...request })
  }

  async stop(): Promise<void> {
    this.pages.close()
    await this.#front?.stop()
  }
}

let lab = new Lab()

afterEach(async () => {
  await lab.stop()
  lab = new Lab()
})

/** Sends one answer to everything, in one piece. */
function send(pairs: FieldPairs, body = PAGE, status = 200): Handler {
  return ({ response }) => {
    const bytes = Buffer.from(body, 'utf8')
    const length = ['Content-Length', String(bytes.length)]
    response.send(createResponseHead(status, [...pairs, ...length]), bytes)
  }
}

async function waitForText(connection: RawConnection, text: string): Promise<void> {
  const isThere = (): true | undefined => (connection.rest.includes(text) ? true : undefined)
  await pollUntil(isThere, JSON.stringify(text))
}

/** Splits an answer into what the application sent and what came behind it. */
function split({ body }: RawResponse): { readonly own: string; readonly added: string } {
  const text = body.toString('utf8')
  const at = text.indexOf('\n<script data-taipan=')
  return at < 0 ? { own: text, added: '' } : { own: text.slice(0, at), added: text.slice(at) }
}

describe('a page', () => {
  test('gets the script behind its end, with a right length, and without what told its old bytes', async () => {
    const about = [
      'ETag',
      '"old"',
      'Last-Modified',
      'Tue, 01 Jan 2030 00:00:00 GMT',
      'X-Own',
      'kept',
    ]
    await lab.start(send([...HTML, ...about]))
    const response = await lab.fetch()
    expect(response).toMatchObject({ status: 200, framing: 'length', complete: true })
    expect(split(response).own).toBe(PAGE)
    expect(split(response).added).toBe(`\n<script data-taipan="v.0">${PAGE_SCRIPT}</script>\n`)
    const names = response.fields.map(([name]) => name)
    expect(names).not.toContain('ETag')
    expect(names).not.toContain('Last-Modified')
    expect(response.header('X-Own')).toBe('kept')
    expect(response.headers('Content-Length')).toEqual([String(response.body.length)])
  })

  test('is asked for uncompressed, and nothing else is', async () => {
    await lab.start(({ request: { fields }, response }) => {
      response.send(createResponseHead(200, HTML), Buffer.from(fields.join(' ')))
    })
    const codings = [
      ['accept-ENCODING', 'gzip'],
      ['X-Own', 'accept-encoding'],
    ] as const
    const page = await lab.fetch({ headers: [...AS_PAGE, ...codings] })
    expect(split(page).own).toMatch(/Sec-Fetch-Dest document X-Own accept-encoding$/)
    const data = await lab.fetch({ headers: [['Sec-Fetch-Dest', 'empty'], ...codings] })
    expect(data.text).toMatch(/accept-ENCODING gzip/)
  })

  test('goes on behind interim responses when its client has caught up, and can be aborted', async () => {
    const seen: unknown[] = []
    let listener: (() => void) | undefined
    await lab.start(({ response }) => {
      response.inform(103, new FieldBlock('Link: </a.css>; rel=preload\r\n'))
      response.begin(createResponseHead(200, HTML))
      response.onDrain = () => {
        listener = response.onDrain
        seen.push('drained', response.pending)
        response.abort(new Error('enough'))
      }
      seen.push(response.write(Buffer.alloc(30_000_000, 'x')), response.pending > 0)
    })
    const connection = await openRaw(lab.url)
    connection.send(formatRequest({ headers: AS_PAGE }))
    await pollUntil(() => (listener === undefined ? undefined : true), 'the drain')
    expect(connection.rest.toString('latin1')).toMatch(/^HTTP\/1\.1 103 /)
    expect(seen).toEqual([false, true, 'drained', 0])
    await pollUntil(() => (connection.ended ? true : undefined), 'the end')
  })

  test.each([
    ['split within the end of the body', ['<body>one</bo', 'dy></html>']],
    ['without a body element', ['one ', 'two']],
    ['empty', []],
  ])('%s, is streamed, and gets the script last', async (_name, chunks) => {
    await lab.start(({ response }) => {
      response.begin(createResponseHead(200, HTML))
      for (const chunk of chunks) response.write(Buffer.from(chunk))
      response.end()
    })
    const response = await lab.fetch()
    expect(response.framing).toBe('chunked')
    expect(split(response).own).toBe(chunks.join(''))
    expect(split(response).added).toContain(PAGE_SCRIPT)
    const old = await lab.fetch({ version: '1.0' })
    expect(old).toMatchObject({ framing: 'close', text: response.text })
  })

  test('that comes in pieces leaves at once, before it is whole', async () => {
    let exchange: Exchange | undefined
    await lab.start((one) => {
      exchange = one
      one.response.begin(createResponseHead(200, [...HTML, 'Content-Length', '6']))
      one.response.write(Buffer.from('one</b'))
    })
    using connection = await openRaw(lab.url)
    connection.send(formatRequest({ headers: AS_PAGE }))
    await waitForText(connection, 'one</b')
    exchange?.response.write(Buffer.from('what is over its length is cut'))
    exchange?.response.end()
    const response = await connection.readFinalResponse()
    expect(split(response).own).toBe('one</b')
    expect(split(response).added).toContain(PAGE_SCRIPT)
  })

  test('that is shorter than its length is cut off, as it would be without the script', async () => {
    await lab.start(({ response }) => {
      response.send(createResponseHead(200, [...HTML, 'Content-Length', '9']), Buffer.from('short'))
    })
    const response = await lab.fetch()
    expect(response).toMatchObject({ complete: false, text: 'short' })
  })

  test('keeps its connection open for the next', async () => {
    await lab.start(send(HTML))
    using connection = await openRaw(lab.url)
    for (const _ of [1, 2]) {
      connection.send(formatRequest({ headers: AS_PAGE }))
      expect(split(await connection.readFinalResponse()).own).toBe(PAGE)
    }
  })

  test.each([
    [
      "default-src 'self'",
      /^\n<script data-taipan="v\.0" src="_taipan\/dev\.js\?[\w-]+"><\/script>\n$/,
    ],
    ["script-src 'nonce-abc'", /^\n<script data-taipan="v\.0" nonce="abc">\(/],
  ])('with the policy %s gets the script as that allows', async (policy, script) => {
    await lab.start(send([...HTML, 'Content-Security-Policy', policy]))
    expect(split(await lab.fetch()).added).toMatch(script)
  })

  test('whose policy allows no script is left alone, and the log says so once', async () => {
    await lab.start(send([...HTML, 'Content-Security-Policy', "default-src 'none'"]))
    for (const target of ['/a', '/b'])
      expect((await lab.fetch({ target })).body.toString()).toBe(PAGE)
    expect(lab.told).toEqual([
      '/a does not load itself again after changes: its Content-Security-Policy allows no script of its own origin',
    ])
  })

  test('of an error gets the script, also one in plain text, which becomes a page', async () => {
    await lab.start(
      send(['Content-Type', 'text/plain; charset=utf-8'], 'caf\u00e9 <b> & more\n', 503),
    )
    const response = await lab.fetch()
    expect(response.status).toBe(503)
    expect(response.header('Content-Type')).toBe('text/html; charset=utf-8')
    const { own, added } = split(response)
    expect(own).toContain(
      '<h1>503 Service Unavailable</h1>\n<pre>caf\u00e9 &lt;b> &amp; more\n</pre>',
    )
    expect(added).toContain(PAGE_SCRIPT)
  })
})

describe('left as it is', () => {
  const coded = ['Content-Encoding', 'gzip']
  test.each<[string, Handler, Partial<RawRequest>]>([
    ['a page for a script', send(HTML), { headers: [['Sec-Fetch-Dest', 'empty']] }],
    ['a page for a client that does not say what for', send(HTML), { headers: [] }],
    ['the answer to a form', send(HTML), { method: 'POST' }],
    ['a compressed page', send([...HTML, ...coded]), {}],
    ['a page in UTF-16', send(['Content-Type', 'text/html; charset="UTF-16LE"']), {}],
    ['a part of a page', send([...HTML, 'Content-Range', 'bytes 0-1/2'], PAGE, 206), {}],
    ['a redirect', send([...HTML, 'Location', '/there'], PAGE, 302), {}],
    ['a download', send([...HTML, 'Content-Disposition', 'attachment; filename=a.html']), {}],
    ['another type', send(['Content-Type', 'text/html-like']), {}],
    ['plain text that is no fault', send(['Content-Type', 'text/plain'], PAGE, 404), {}],
  ])('%s', async (_name, handler, request) => {
    await lab.start(handler)
    expect((await lab.fetch(request)).body.toString()).toBe(PAGE)
  })

  test('the answer that nothing has changed', async () => {
    await lab.start(({ response }) =>
      response.send(createResponseHead(304, [...HTML, 'ETag', '"a"']), Buffer.alloc(0)),
    )
    const response = await lab.fetch()
    expect([response.status, response.header('ETag'), response.text]).toEqual([304, '"a"', ''])
  })
})

test('a browser asks again for files that a page refers to, unless they say how long they last', async () => {
  const css: FieldPairs = ['Content-Type', 'text/css', 'ETag', '"a"']
  lab.handler = send(css, 'a{}')
  await lab.start((exchange) => lab.handler(exchange))
  const request = { headers: [['Sec-Fetch-Dest', 'style']] as const }
  const plain = await lab.fetch(request)
  expect([plain.header('Cache-Control'), plain.header('ETag')]).toEqual(['no-cache', '"a"'])
  lab.handler = send([...css, 'Cache-Control', 'max-age=60'], 'a{}')
  expect((await lab.fetch(request)).headers('Cache-Control')).toEqual(['max-age=60'])
})

test('the script has an address of its own, below any path', async () => {
  await lab.start(send(HTML))
  for (const target of ['/_taipan/dev.js', '/shop/cart/_taipan/dev.js?x']) {
    const response = await fetchRaw(lab.url, target)
    expect(response.header('Content-Type')).toBe('text/javascript')
    expect(response.text).toBe(PAGE_SCRIPT)
  }
})

describe('the event stream', () => {
  test('begins with the version of pages, and tells each new one', async () => {
    await lab.start(send(HTML))
    using connection = await openRaw(lab.url)
    connection.send(formatRequest({ target: '/some/where/_taipan/dev/events' }))
    await waitForText(connection, 'data: v.0\n\n')
    expect(split(await lab.fetch()).added).toContain('data-taipan="v.0"')
    lab.pages.refresh()
    await waitForText(connection, 'data: v.0.1\n\n')
    expect(split(await lab.fetch()).added).toContain('data-taipan="v.0.1"')
    lab.pages.refresh('w.7')
    await waitForText(connection, 'data: w.7\n\n')
  })

  test('ends when its client leaves', async () => {
    await lab.start(send(HTML))
    using connection = await openRaw(lab.url)
    connection.send(formatRequest({ target: '/_taipan/dev/events' }))
    await waitForText(connection, 'data: v.0\n\n')
    expect(lab.pages.listening).toBe(1)
    connection.socket.end()
    await pollUntil(() => (lab.pages.listening === 0 ? true : undefined), 'nobody to listen')
  })

  test('is there for 64 windows, and no more', async () => {
    await lab.start(send(HTML))
    const request = formatRequest({ target: '/_taipan/dev/events' })
    const connections = await Promise.all(Array.from({ length: 64 }, () => openRaw(lab.url)))
    for (const connection of connections) connection.send(request)
    await pollUntil(() => (lab.pages.listening === 64 ? true : undefined), '64 listeners')
    expect((await fetchRaw(lab.url, '/_taipan/dev/events')).status).toBe(503)
    for (const connection of connections) connection.socket.destroy()
  })

  test('ends at once with the server, which takes no other', async () => {
    await lab.start(send(HTML))
    using connection = await openRaw(lab.url)
    connection.send(formatRequest({ target: '/_taipan/dev/events' }))
    await waitForText(connection, 'data: v.0\n\n')
    lab.pages.close()
    expect((await connection.readFinalResponse()).complete).toBe(true)
    expect((await fetchRaw(lab.url, '/_taipan/dev/events')).status).toBe(503)
  })
})
