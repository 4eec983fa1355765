import { expect, test } from 'vitest'
import type { LogFields, Logger } from '../../src/core/logger.ts'
import { createResponseHead } from '../../src/core/response-head.ts'
import { createRecordLog } from '../../src/pipeline/access-log.ts'
import { createHandlerAnswerer } from '../../src/pipeline/application.ts'
import { createRedirectAnswerer } from '../../src/pipeline/redirect.ts'
import { fetchRaw, openRaw, pollUntil } from '../support/raw-client.ts'
import { servePipeline } from './support/serve.ts'

function collectRecords(): { readonly logger: Logger; readonly records: LogFields[] } {
  const records: LogFields[] = []
  const note = (fields: LogFields): void => void records.push(fields)
  return { records, logger: { debug: note, output: note, info: note, warn: note, error: note } }
}

const hello = createHandlerAnswerer((exchange) => {
  exchange.notes.worker = 'web/1234'
  exchange.notes.queued = 0.123_456
  exchange.notes.python = 1.5
  exchange.response.send(createResponseHead(200, ['Content-Length', '5']), Buffer.from('hello'))
})

const cut = createHandlerAnswerer((exchange) => {
  exchange.response.begin(createResponseHead(200, ['Content-Length', '5']))
  exchange.response.write(Buffer.from('he'))
  exchange.response.abort(new Error('the worker died'))
})

test('each request is one record with its facts', async () => {
  const { logger, records } = collectRecords()
  await using server = await servePipeline({
    accessLog: createRecordLog(logger),
    routes: [
      { path: '/hello', answer: hello },
      { path: '/cut', answer: cut },
      { path: '/from', answer: createRedirectAnswerer({ to: '/to' }) },
    ],
  })
  await fetchRaw(server.url, '/hello?a=b')
  await fetchRaw(server.url, '/from')
  await fetchRaw(server.url, '/missing')
  await fetchRaw(server.url, `/hello/${'x'.repeat(5000)}`)
  using connection = await openRaw(server.url)
  connection.send('GET /cut HTTP/1.1\r\nHost: a.test\r\n\r\n')
  await connection.waitForEnd()
  await pollUntil(() => (records.length === 5 ? true : undefined), 'five records')
  expect(records[0]).toEqual({
    request: expect.any(String),
    remote: '127.0.0.1',
    method: 'GET',
    target: '/hello?a=b',
    version: '1.1',
    status: 200,
    bytes: 5,
    duration: expect.any(Number),
    queued: 0.123,
    python: 1.5,
    application: 'handler',
    worker: 'web/1234',
  })
  expect(records[0]).not.toHaveProperty('user')
  expect(records[1]).toMatchObject({ status: 308, application: 'redirect', worker: '' })
  expect(records[2]).toMatchObject({ status: 404, application: '' })
  expect(String(records[3]?.['target']).length).toBeLessThan(2100)
  expect(records[4]).toMatchObject({ status: 200, error: 'the worker died' })
  expect(new Set(records.map(({ request }) => request)).size).toBe(5)
})
