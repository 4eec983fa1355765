import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { answerError } from '../../src/core/answer-error.ts'
import type { Exchange } from '../../src/core/exchange.ts'
import { createResponseHead } from '../../src/core/response-head.ts'
import { withErrorPages } from '../../src/pipeline/error-pages.ts'
import { LocalRedirects } from '../../src/pipeline/local-redirect.ts'
import type { Answerer } from '../../src/pipeline/routes.ts'
import { createStaticAnswerer } from '../../src/pipeline/static/static-files.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw, type RawRequest } from '../support/raw-client.ts'
import { servePipeline } from './support/serve.ts'

type Respond = (exchange: Exchange) => void

/** How the route with error pages answers, by path. */
const ANSWERS: Readonly<Record<string, Respond>> = {
  '/absent': (exchange) => answerError(exchange, 'NOT_FOUND'),
  '/denied': (exchange) => answerError(exchange, 'FORBIDDEN'),
  '/told': (exchange) => answerError(exchange, 'APPLICATION_FAILED', { detail: 'the reason' }),
  '/busy': (exchange) => answerError(exchange, 'OVERLOADED', { fields: ['Retry-After', '7'] }),
  '/late': (exchange) => answerError(exchange, 'APPLICATION_TIMEOUT'),
  '/gateway': (exchange) => answerError(exchange, 'UPSTREAM_FAILED'),
  '/own': ({ response }) => response.send(createResponseHead(404, []), 'its own'),
  '/bare': ({ response }) => response.send(createResponseHead(404, ['X-Own', '1']), ''),
  '/begun': ({ response }) => {
    response.begin({ ...createResponseHead(500, ['Content-Length', '5']), standsIn: true })
    expect([response.begun, response.finished, response.pending]).toEqual([true, true, 0])
    response.onDrain = () => {}
    response.inform(103, createResponseHead(103, []).fields)
    expect(response.write(Buffer.from('never'))).toBe(true)
    response.end()
    response.abort(new Error('too late'))
  },
  '/empty': ({ response }) => {
    response.begin(createResponseHead(403, ['Content-Length', '0']))
    response.end()
  },
  '/fine': ({ response }) => response.send(createResponseHead(200, []), 'fine'),
}

/** Pages that are made for each request. */
const PAGES: Readonly<Record<string, Respond>> = {
  '/made': ({ request, failure, body, response }) => {
    const { method, target, fields } = request
    const facts = { method, target, fields: fields.filter((_, at) => at % 2 === 0), failure }
    const text = JSON.stringify({ ...facts, body: body.length })
    response.begin(createResponseHead(404, ['Content-Type', 'application/json', 'ETag', '"1"']))
    response.write(Buffer.from(text))
    response.end()
  },
  '/fails': (exchange) => answerError(exchange, 'APPLICATION_FAILED'),
  '/leads': ({ response }) => response.send(createResponseHead(303, ['Location', '/x']), ''),
}

const PATHS = new Map([
  [404, '/made?a=b'],
  [403, '/page.html'],
  [500, '/fails'],
  [502, '/none'],
  [503, '/page.html'],
  [504, '/leads'],
])

async function serve() {
  const project = createProject({ 'pages/page.html': 'a page' })
  const redirects = new LocalRedirects({ error: () => {} })
  const pick =
    (answers: Readonly<Record<string, Respond>>): Answerer =>
    (exchange, _match, next) =>
      (answers[exchange.request.path.replace(/^\/site/, '')] ?? next)(exchange)
  const root = join(project.folder, 'pages')
  const own = { pages: PATHS, redirects }
  const files = withErrorPages(createStaticAnswerer({ root, index: [] }), own)
  const routes = [
    { path: '/site', answer: withErrorPages(pick(ANSWERS), own) },
    { path: '/', answer: pick(PAGES) },
    { path: '/', answer: files },
  ]
  const served = await servePipeline({ routes, redirects })
  return {
    fetch: async (request: RawRequest) => await fetchRaw(served.url, request),
    get: async (target: string) => {
      const { status, text } = await fetchRaw(served.url, { target })
      return `${status} ${text}`
    },
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      project[Symbol.dispose]()
    },
  }
}

describe('error pages', () => {
  test('replace what the server answers itself, and errors without a body', async () => {
    await using site = await serve()
    expect(await site.get('/site/denied')).toBe('403 a page')
    expect(await site.get('/site/empty')).toBe('403 a page')
    expect(await site.get('/site/absent')).toMatch(/^404 \{"method":"GET"/)
    expect(await site.get('/site/bare')).toMatch(/^404 \{/)
    expect(await site.get('/site/own')).toBe('404 its own')
    expect(await site.get('/site/fine')).toBe('200 fine')
  })

  test('belong to the routes that have them', async () => {
    await using site = await serve()
    expect(await site.get('/none')).toMatch(/^404 \{/)
    expect(await site.get('/site/other')).toMatch(/^404 \{/)
    expect(await site.get('/fails')).toBe('500 Internal Server Error\n')
  })

  test('learn what has happened, and nothing of the request beyond', async () => {
    await using site = await serve()
    const page = await site.fetch({
      target: '/site/absent?x=y',
      method: 'POST',
      body: 'body',
      headers: [
        ['Content-Type', 'text/plain'],
        ['If-None-Match', '"1"'],
        ['Range', 'bytes=0-1'],
        ['Cookie', 'a=b'],
      ],
    })
    const facts = JSON.parse(page.text)
    expect(facts).toMatchObject({
      method: 'GET',
      target: '/made?a=b',
      body: 0,
      failure: {
        status: 404,
        notes: 'Not Found',
        path: '/site/absent',
        query: 'x=y',
        method: 'POST',
      },
    })
    expect(facts.fields).toContain('Cookie')
    expect(facts.fields).not.toContain('If-None-Match')
    expect(facts.fields).not.toContain('Range')
    expect(page.headers('etag')).toEqual([])
    expect(page.headers('content-type')).toEqual(['application/json'])
  })

  test('keep what clients need besides the status', async () => {
    await using site = await serve()
    const busy = await site.fetch({ target: '/site/busy' })
    expect([busy.status, busy.text, busy.headers('retry-after')]).toEqual([503, 'a page', ['7']])
    const head = await site.fetch({ target: '/site/denied', method: 'HEAD' })
    expect([head.status, head.headers('content-length')]).toEqual([403, ['6']])
    const ranged = await site.fetch({ target: '/site/denied', headers: [['Range', 'bytes=0-0']] })
    expect([ranged.status, ranged.text]).toEqual([403, 'a page'])
    const leads = await site.fetch({ target: '/site/late' })
    expect([leads.status, leads.headers('location')]).toEqual([303, ['/x']])
  })

  test('that fail or are missing leave the answer as it was', async () => {
    await using site = await serve()
    expect(await site.get('/site/told')).toBe('500 the reason\n')
    expect(await site.get('/site/begun')).toBe('500 Internal Server Error\n')
    expect(await site.get('/site/gateway')).toBe('502 Bad Gateway\n')
  })
})
