import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CollectedFiles, Findings } from '../../../src/core/backend.ts'
import { createResponseHead } from '../../../src/core/response-head.ts'
import { createCollectedFilesAnswerer } from '../../../src/pipeline/static/collected-files.ts'
import type { Answerer } from '../../../src/pipeline/routes.ts'
import { createFinding } from '../../support/findings.ts'
import { createProject, type Project } from '../../support/project.ts'
import { servePipeline, type ServedPipeline } from '../support/serve.ts'

const HASHED = '/static/site.0123456789ab.css'

let project: Project
let server: ServedPipeline
let findings: Findings | undefined

const application: Answerer = (exchange) => {
  const body = Buffer.from('application')
  const head = createResponseHead(200, ['Content-Length', String(body.length)])
  exchange.response.send(head, body)
}

beforeAll(async () => {
  project = createProject({ 'site.css': 'plain', 'site.0123456789ab.css': 'hashed' })
  const backend = {
    get findings() {
      return findings
    },
  }
  const options = { application: 'shop', backend, answer: application }
  const logger = { debug() {}, output() {}, info() {}, warn() {}, error() {} }
  const answer = createCollectedFilesAnswerer({ ...options, logger })
  server = await servePipeline({
    routes: [
      { path: '/', answer },
      { path: '/shop', answer },
    ],
    accessLog: undefined,
  })
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  project[Symbol.dispose]()
})

/** What an application has told of its files. */
function tell(url: string, hashed: boolean): void {
  const staticFiles: CollectedFiles = { url, folder: project.folder, hashed }
  findings = {
    python: '3.11.2',
    loop: undefined,
    applications: [createFinding('other'), createFinding('shop', { staticFiles })],
  }
}

async function get(path: string): Promise<[string, string | null]> {
  const answer = await fetch(server.url + path)
  return [await answer.text(), answer.headers.get('cache-control')]
}

test('before anything is known of its files the application answers', async () => {
  findings = undefined
  expect(await get('/static/site.css')).toEqual(['application', null])
})

test('files below a URL that counts from the mount point', async () => {
  tell('static/', false)
  expect(await get('/static/site.css')).toEqual(['plain', null])
  expect(await get('/shop/static/site.css')).toEqual(['plain', null])
  expect(await get(HASHED)).toEqual(['hashed', null])
})

test('files below a URL of the whole host', async () => {
  tell('/static/', false)
  expect(await get('/static/site.css')).toEqual(['plain', null])
  expect(await get('/shop/static/site.css')).toEqual(['application', null])
})

test('a name with a hash may be cached for ever, where names have hashes', async () => {
  tell('static/', true)
  expect(await get(HASHED)).toEqual(['hashed', 'public, max-age=31536000, immutable'])
  expect(await get('/static/site.css')).toEqual(['plain', null])
})

test('what is no file is for the application', async () => {
  tell('static/', true)
  for (const path of ['/static/', '/static/nothing.css', '/static', '/staticsite.css', '/'])
    expect(await get(path), path).toEqual(['application', null])
})
