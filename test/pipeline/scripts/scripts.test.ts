import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { createResponseHead } from '../../../src/core/response-head.ts'
import type { Invoke } from '../../../src/pipeline/application.ts'
import { LocalRedirects } from '../../../src/pipeline/local-redirect.ts'
import { createFits, narrowAnswerer } from '../../../src/pipeline/narrow.ts'
import type { ExtensionRule } from '../../../src/pipeline/scripts/script-folder.ts'
import { createScriptsAnswerer } from '../../../src/pipeline/scripts/scripts.ts'
import { createStaticAnswerer } from '../../../src/pipeline/static/static-files.ts'
import { createProject } from '../../support/project.ts'
import { fetchRaw } from '../../support/raw-client.ts'
import { servePipeline } from '../support/serve.ts'

const FILES = {
  'site/a.py': '',
  'site/redirects.py': '',
  'site/loops.py': '',
  'site/odd.py': '',
  'site/taipan.config.json': '',
  'site/streams.py': '',
  'site/b.cgi': '',
  'site/page.html': 'page',
  'site/sub/index.py': '',
  'site/new/x.py': '',
  'site/a.py~': '',
}

/** Answers with what a script would see; names decide on redirects. */
const runScript: Invoke = ({ request, response }, { scriptName, pathInfo }) => {
  const target = {
    '/redirects.py': '/page.html?x=1#y',
    '/loops.py': '/loops.py',
    '/odd.py': '/a.py/a b',
  }[scriptName]
  const location = target === undefined ? [] : ['X-Taipan-Redirect', target]
  const head = createResponseHead(location.length > 0 ? 302 : 200, location)
  if (scriptName !== '/streams.py') {
    response.send(head, Buffer.from(`${request.method} ${scriptName}|${pathInfo}`))
    return
  }
  response.begin(createResponseHead(302, ['X-Taipan-Redirect', '/a.py/from/stream']))
  expect([response.begun, response.finished, response.pending]).toEqual([true, true, 0])
  expect(response.write(Buffer.from('nowhere'))).toBe(true)
  response.end()
  response.abort(new Error('too late'))
}

const runProgram: Invoke = ({ response }, { scriptName }) => {
  response.send(createResponseHead(200, []), Buffer.from(`program ${scriptName}`))
}

async function serve(more: { extension?: ExtensionRule; fallthrough?: boolean } = {}) {
  const project = createProject(FILES)
  const root = join(project.folder, 'site')
  const records: string[] = []
  const error = (_fields: object, text: string): void => void records.push(text)
  const redirects = new LocalRedirects({ error })
  const index = ['index.py', 'index.html']
  const scripts = createScriptsAnswerer({
    root,
    kinds: new Map([
      ['.py', 'script'],
      ['.cgi', 'cgi'],
    ]),
    index,
    extension: 'shown',
    fallthrough: false,
    ...more,
    application: 'site',
    invoke: runScript,
    invokeProgram: runProgram,
    redirects,
    files: createStaticAnswerer({ root, index }),
  })
  const other = narrowAnswerer(
    ({ response }) => response.send(createResponseHead(200, []), 'other'),
    createFits({ methods: ['GET'], matches: (rest) => rest.startsWith('n') }),
  )
  const routes = [
    { path: '/', answer: scripts },
    { path: '/', answer: other },
  ]
  const served = await servePipeline({ routes, redirects })
  return {
    records,
    async get(target: string, method = 'GET') {
      const answer = await fetchRaw(served.url, { target, method })
      return `${answer.status} ${answer.headers('location').join() || answer.text}`
    },
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      project[Symbol.dispose]()
    },
  }
}

describe('a route of scripts', () => {
  test('gives files to what answers them', async () => {
    await using site = await serve()
    expect(await site.get('/a.py/x%20y')).toBe('200 GET /a.py|/x y')
    expect(await site.get('/sub/')).toBe('200 GET /sub/index.py|')
    expect(await site.get('/sub?a=b')).toBe('301 /sub/?a=b')
    expect(await site.get('/b.cgi')).toBe('200 program /b.cgi')
    expect(await site.get('/page.html')).toBe('200 page')
    expect(await site.get('/none')).toBe('404 Not Found\n')
    expect(await site.get('/taipan.config.json')).toBe('404 Not Found\n')
  })

  test('follows redirects within the server', async () => {
    await using site = await serve()
    expect(await site.get('/redirects.py')).toBe('200 page')
    expect(await site.get('/redirects.py', 'POST')).toBe('200 page')
    expect(await site.get('/streams.py', 'POST')).toBe('200 GET /a.py|/from/stream')
    expect(await site.get('/loops.py')).toBe('500 Internal Server Error\n')
    expect(site.records).toEqual([
      '/loops.py: more than 10 redirects within the server, the last one to /loops.py',
    ])
    expect(await site.get('/odd.py')).toBe('200 GET /a.py|/a b')
  })

  test('hides extensions', async () => {
    await using site = await serve({ extension: 'hidden' })
    expect(await site.get('/a/x')).toBe('200 GET /a|/x')
    expect(await site.get('/a.py/x?y')).toBe('308 /a/x?y')
    expect(await site.get('/a%2epy')).toBe('404 Not Found\n')
  })

  test('leaves what it has not to the next route, as far as that answers it', async () => {
    await using site = await serve({ fallthrough: true })
    expect(await site.get('/none')).toBe('200 other')
    expect(await site.get('/new')).toBe('200 other')
    expect(await site.get('/sub')).toBe('301 /sub/')
    expect(await site.get('/a.py~')).toBe('404 Not Found\n')
    expect(await site.get('/none', 'POST')).toBe('404 Not Found\n')
    expect(await site.get('/missing')).toBe('404 Not Found\n')
  })
})
