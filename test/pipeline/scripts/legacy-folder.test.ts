import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { Exchange } from '../../../src/core/exchange.ts'
import { createResponseHead } from '../../../src/core/response-head.ts'
import type { Invoke } from '../../../src/pipeline/application.ts'
import { LocalRedirects } from '../../../src/pipeline/local-redirect.ts'
import { createLegacyFolderAnswerer } from '../../../src/pipeline/scripts/legacy-folder.ts'
import { createStaticAnswerer } from '../../../src/pipeline/static/static-files.ts'
import { createProject } from '../../support/project.ts'
import { fetchRaw } from '../../support/raw-client.ts'
import { servePipeline } from '../support/serve.ts'

const FILES = {
  'site/a.html': 'file',
  'site/handlers.py': '',
  'site/sub/index.html': 'index',
  'site/empty/x.py': '',
}

/** Fields of a handler, for every answer of the server and for files. */
const ALWAYS = ['X-Always', 'a', 'Set-Cookie', 'one=1']
const FOUND = ['X-Found', 'f', 'Set-Cookie', 'two=2', 'Content-Type', 'text/x-own']

/** Reads a body up to some bytes, and then calls back with them. */
function readBody({ body }: Exchange, limit: number, then: (text: string) => void): void {
  const pieces: Uint8Array[] = []
  let size = 0
  const go = (): void => {
    for (let one = body.take(); one !== undefined; one = body.take()) {
      pieces.push(one)
      size += one.length
    }
    if (!body.complete && size < limit) body.request(65_536)
    else {
      body.onProgress = undefined
      then(Buffer.concat(pieces).toString())
    }
  }
  body.onProgress = go
  go()
}

/** Leaves a request to what its query says, or shows what a handler would see. */
const runHandler: Invoke = (exchange, { scriptName, pathInfo, script }) => {
  const { query } = exchange.request
  const [to = '', read = '0'] = query.split('&')
  readBody(exchange, Number(read), (text) => {
    if (to !== '')
      exchange.response.send(
        createResponseHead(404, [...ALWAYS, 'X-Taipan-Pass', to, ...FOUND, 'Content-Length', '0']),
        Buffer.alloc(0),
      )
    else
      exchange.response.send(
        createResponseHead(200, []),
        Buffer.from(`${scriptName}|${pathInfo}|${script?.kind}|${text}`),
      )
  })
}

async function serve(fallthrough = false) {
  const project = createProject(FILES)
  const root = join(project.folder, 'site')
  const records: string[] = []
  const error = (_fields: object, text: string): void => void records.push(text)
  const redirects = new LocalRedirects({ error })
  const answer = createLegacyFolderAnswerer({
    root,
    kind: 'mod_python',
    application: 'site',
    invoke: runHandler,
    redirects,
    files: createStaticAnswerer({ root, index: ['index.html'], fallthrough }),
    fallthrough,
    logger: { error },
  })
  const other = {
    path: '/',
    answer: (exchange: Exchange): void =>
      readBody(exchange, Infinity, (text) =>
        exchange.response.send(createResponseHead(200, []), Buffer.from(`other ${text}`)),
      ),
  }
  const served = await servePipeline({ routes: [{ path: '/m', answer }, other], redirects })
  return {
    records,
    async fetch(target: string, headers: (readonly [string, string])[] = []) {
      const got = await fetchRaw(served.url, { target, headers })
      const names = ['x-always', 'x-found', 'set-cookie', 'content-type']
      const fields = names.map((name) => got.headers(name).join())
      return { shown: [got.status, ...fields].join(' | '), etag: got.headers('etag').join() }
    },
    async get(target: string, body?: string) {
      const given = body === undefined ? {} : { method: 'POST', body: Buffer.from(body) }
      const got = await fetchRaw(served.url, { target, ...given })
      return `${got.status} ${got.headers('location').join() || got.text}`
    },
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      project[Symbol.dispose]()
    },
  }
}

test('every request below is for the handlers', async () => {
  await using site = await serve()
  expect(await site.get('/m/a.html/x%20y')).toBe('200 /m/a.html|/x y|mod_python|')
  expect(await site.get('/m/none/x', 'body')).toBe('200 /m/none|/x|mod_python|body')
  expect(await site.get('/m')).toBe('200 /m||mod_python|')
  expect(await site.get('/m/%00')).toMatch(/^40[04] /)
  expect(await site.get('/m/.hidden')).toBe('404 Not Found\n')
})

test('what is left to the files is a file that may be seen', async () => {
  await using site = await serve()
  expect(await site.get('/m/a.html?files')).toBe('200 file')
  expect(await site.get('/m/sub/?files')).toBe('200 index')
  expect(await site.get('/m/sub?files')).toBe('301 /m/sub/?files')
  expect(await site.get('/m/none?files')).toBe('404 Not Found\n')
  expect(await site.get('/m/empty/?files')).toBe('404 Not Found\n')
  expect(await site.get('/m/handlers.py?files')).toBe('404 Not Found\n')
})

test('what is no file, either, may be for the next route', async () => {
  await using site = await serve(true)
  expect(await site.get('/m/none?files', 'body')).toBe('200 other body')
  expect(await site.get('/m/a.html?files')).toBe('200 file')
  expect(await site.get('/m/handlers.py?files')).toBe('404 Not Found\n')
})

test('the next route reads the body from its beginning', async () => {
  await using site = await serve()
  expect(await site.get('/m/x?next')).toBe('200 other ')
  expect(await site.get('/m/x?next&3', 'body')).toBe('200 other body')
  expect(site.records).toEqual([])
})

test('a body of which too much was read is an error', async () => {
  await using site = await serve()
  expect(await site.get('/m/x?next&1100000', 'x'.repeat(1_100_000))).toMatch(/^500 /)
  expect(site.records).toEqual([
    'a handler has read more than 1048576 bytes of a request, and then left it to the server',
  ])
})

test('fields of a handler go out with the file that the server sends', async () => {
  await using site = await serve()
  const { shown, etag } = await site.fetch('/m/a.html?files')
  expect(shown).toBe('200 | a | f | one=1,two=2 | text/x-own')
  const cached = await site.fetch('/m/a.html?files', [['If-None-Match', etag]])
  expect(cached.shown).toMatch(/^304 \|  \|  \| one=1,two=2 \| /)
  const none = await site.fetch('/m/none?files')
  expect(none.shown).toBe('404 | a |  | one=1 | text/plain; charset=utf-8')
  const moved = await site.fetch('/m/sub?files')
  expect(moved.shown).toMatch(/^301 \| a \|  \| one=1 \|/)
})

test('an answer of the next route has no fields of the handler', async () => {
  await using site = await serve(true)
  for (const target of ['/m/x?next', '/m/none?files', '/m/empty/?files'])
    expect((await site.fetch(target)).shown).toBe('200 |  |  |  | ')
})
