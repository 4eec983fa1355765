import { afterEach, expect, test } from 'vitest'

import type { Controlled } from '../../src/control/controlled.ts'
import { createControlHandler } from '../../src/control/control-handler.ts'
import { ENDPOINTS } from '../../src/control/endpoints.ts'
import { createDescription } from '../../src/control/openapi.ts'
import { TaipanError } from '../../src/core/errors.ts'
import { startFront, type RunningFront } from '../support/front.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { openRaw } from '../support/raw-client.ts'

const logger = { debug() {}, output() {}, info() {}, warn() {}, error() {} }

/** A server whose answers are fixed, and that tells what it was told. */
class ToldServer implements Controlled {
  ready = true
  readonly told: string[] = []
  failure: TaipanError | undefined

  status(): ReturnType<Controlled['status']> {
    return Promise.reject(new Error('not asked for'))
  }

  stacks(): ReturnType<Controlled['stacks']> {
    return Promise.resolve([])
  }

  reload(): Promise<void> {
    this.told.push('reload')
    return this.failure === undefined ? Promise.resolve() : Promise.reject(this.failure)
  }

  scale(group: string, processes: number) {
    this.told.push(`scale ${group} ${processes}`)
    return { group, processes }
  }

  askToStop(): void {
    this.told.push('stop')
  }
}

let front: RunningFront | undefined
let server = new ToldServer()

async function start(token?: string, checksHost = true): Promise<void> {
  server = new ToldServer()
  const endpoints = [...ENDPOINTS, createDescription(ENDPOINTS, '1.0')]
  front = await startFront(createControlHandler({ server, endpoints, logger, token, checksHost }))
}

afterEach(async () => {
  await front?.stop()
})

async function ask(text: string): Promise<{ status: number; body: unknown; head: string }> {
  using connection = await openRaw(front?.url ?? '')
  connection.send(text.replaceAll('\n', '\r\n'))
  const method = text.slice(0, text.indexOf(' '))
  const response = await connection.readFinalResponse(method, DEADLINE)
  const whole = response.body.toString('utf8')
  return {
    status: response.status,
    body: whole === '' ? undefined : JSON.parse(whole),
    head: response.fields.map(([name, value]) => `${name}: ${value}`).join('\n'),
  }
}

function get(path: string, more = ''): string {
  return `GET ${path} HTTP/1.1\nHost: localhost\n${more}Connection: close\n\n`
}

function post(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\nHost: localhost\nContent-Length: ${body.length}\nConnection: close\n\n${body}`
}

test('unknown paths, wrong methods and wrong bodies have answers with words', async () => {
  await start()
  expect(await ask(get('/none'))).toMatchObject({
    status: 404,
    body: { error: { message: expect.stringContaining('/status') } },
  })
  const wrong = await ask(get('/reload'))
  expect(wrong).toMatchObject({ status: 405, body: { error: { message: '/reload takes POST' } } })
  expect(wrong.head).toContain('Allow: POST')
  const posted = await ask(post('/status', ''))
  expect(posted.status).toBe(405)
  expect(posted.head).toContain('Allow: GET, HEAD')
  for (const body of ['{', '', '{"group":"web"}', '{"group":"web","processes":-1}', '[1]'])
    expect((await ask(post('/scale', body))).status, body).toBe(400)
  expect((await ask(post('/scale', ' '.repeat(20_000)))).status).toBe(413)
  expect(server.told).toEqual([])
})

test('HEAD has the head of GET', async () => {
  await start()
  const { status, body, head } = await ask(get('/health').replace('GET', 'HEAD'))
  expect(status).toBe(200)
  expect(body).toBeUndefined()
  expect(head).toMatch(/Content-Length: [1-9]/)
})

test('what is told reaches the server', async () => {
  await start()
  expect(await ask(post('/scale', '{"group":"web","processes":3}'))).toMatchObject({
    status: 200,
    body: { group: 'web', processes: 3 },
  })
  expect(await ask(post('/reload', '{}'))).toMatchObject({ status: 200, body: { reloaded: true } })
  expect((await ask(post('/stop', ''))).status).toBe(202)
  expect(server.told).toEqual(['scale web 3', 'reload', 'stop'])
  server.ready = false
  expect((await ask(get('/ready'))).status).toBe(503)
  expect((await ask(get('/health'))).status).toBe(200)
})

test('a failed reload is told with its traceback', async () => {
  await start()
  server.failure = new TaipanError('APPLICATION_LOAD', 'it failed', { cause: 'Traceback ...' })
  expect(await ask(post('/reload', ''))).toMatchObject({
    status: 500,
    body: { error: { code: 'APPLICATION_LOAD', message: 'it failed', traceback: 'Traceback ...' } },
  })
})

test('a token is asked for, and compared whole', async () => {
  await start('secret')
  const none = await ask(get('/health'))
  expect(none.status).toBe(401)
  expect(none.head).toContain('WWW-Authenticate: Bearer')
  for (const wrong of ['Bearer secre', 'Bearer secret2', 'Bearer', 'Basic secret', 'secret'])
    expect((await ask(get('/health', `Authorization: ${wrong}\n`))).status, wrong).toBe(401)
  for (const right of ['Bearer secret', 'bearer secret'])
    expect((await ask(get('/health', `Authorization: ${right}\n`))).status, right).toBe(200)
})

test('pages in browsers, and names that point here, are refused', async () => {
  await start()
  for (const field of ['Origin: http://localhost', 'Origin: null', 'Sec-Fetch-Site: cross-site'])
    expect((await ask(get('/health', `${field}\n`))).status, field).toBe(403)
  for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:80'])
    expect((await ask(get('/health').replace('localhost', host))).status, host).toBe(403)
  for (const host of ['127.0.0.1:9000', '[::1]:9000', 'LOCALHOST'])
    expect((await ask(get('/health').replace('localhost', host))).status, host).toBe(200)
})

test('the description names every path, and all it refers to is there', async () => {
  await start()
  const { body } = await ask(get('/openapi.json'))
  expect(body).toMatchObject({
    openapi: '3.1.0',
    info: { title: expect.any(String), version: '1.0' },
  })
  const read = (value: unknown, key: string): Record<string, unknown> =>
    Object(Reflect.get(Object(value), key))
  const paths = read(body, 'paths')
  expect(Object.keys(paths).toSorted()).toEqual(
    [...ENDPOINTS.map(({ path }) => path), '/openapi.json'].toSorted(),
  )
  const operations = Object.values(paths).flatMap((path) => Object.values(Object(path)))
  const ids = operations.map((operation) => Reflect.get(Object(operation), 'operationId'))
  expect(new Set(ids).size).toBe(ENDPOINTS.length + 1)
  for (const operation of operations)
    expect(Object.keys(read(operation, 'responses'))).not.toEqual([])
  const schemas = read(read(body, 'components'), 'schemas')
  const known = Object.keys(schemas).map((name) => `#/components/schemas/${name}`)
  const used = [...JSON.stringify(body).matchAll(/"\$ref":"([^"]+)"/g)].map(([, name]) => name)
  expect(used.length).toBeGreaterThan(10)
  for (const name of used) expect(known).toContain(name)
})
