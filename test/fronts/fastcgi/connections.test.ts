import { describe, expect, test } from 'vitest'

import type { Exchange } from '../../../src/core/exchange.ts'
import { createResponseHead } from '../../../src/core/response-head.ts'
import { formatBegin, Role } from '../../../src/wire/fastcgi/bodies.ts'
import { formatPairs, parsePairs } from '../../../src/wire/fastcgi/pairs.ts'
import { formatRecord, RecordType } from '../../../src/wire/fastcgi/records.ts'
import { openRaw, pollUntil } from '../../support/raw-client.ts'
import { formatFastCgi, openFastCgi, type FastCgiRequest } from '../support/fastcgi-client.ts'
import {
  answer,
  echo,
  FAILURE,
  LOCAL,
  nameRequest,
  startLab,
  type FrontLab,
  type LabOptions,
} from '../support/front-lab.ts'

const BEGIN = { role: Role.RESPONDER, keepsConnection: true }
const OK = { appStatus: 0, protocolStatus: 0 }

function start(handler: (exchange: Exchange) => void, options: LabOptions = {}): Promise<FrontLab> {
  return startLab(handler, { addresses: [{ ...LOCAL, protocol: 'fastcgi' }], ...options })
}

describe('a kept connection', () => {
  test('has one request after the other', async () => {
    await using lab = await start(nameRequest)
    using client = await openFastCgi(lab.url)
    for (const path of ['/one', '/two', '/three']) {
      client.request({ path })
      expect(await client.answer()).toMatchObject({
        ...OK,
        output: expect.stringMatching(new RegExp(`^Status: 200 OK\r\n.*\r\n\r\nGET ${path}$`, 's')),
      })
    }
    expect(lab.connections).toBe(1)
  })

  test('is closed after its last request, without the flag at once', async () => {
    await using lab = await start(nameRequest, { limits: { requestsPerConnection: 2 } })
    using kept = await openFastCgi(lab.url)
    kept.request({})
    await kept.answer()
    kept.request({})
    await kept.answer()
    await kept.raw.waitForEnd()
    using other = await openFastCgi(lab.url)
    other.request({ keep: false })
    await other.answer()
    await other.raw.waitForEnd()
  })

  test('is closed when it is idle for too long', async () => {
    await using lab = await start(nameRequest, { timeouts: { idle: 50, header: 60_000 } })
    using client = await openFastCgi(lab.url)
    client.request({})
    await client.answer()
    await client.raw.waitForEnd()
  })

  test('goes on after a request that is refused', async () => {
    await using lab = await start(nameRequest)
    using client = await openFastCgi(lab.url)
    client.request({ variables: { HTTP_X_BAD: 'a\nb' } })
    expect((await client.answer()).output).toMatch(/^Status: 400 /)
    client.request({ path: '/next' })
    expect((await client.answer()).output).toMatch(/GET \/next$/)
  })

  test('goes on where a response comes before the end of its body', async () => {
    await using lab = await start(nameRequest)
    using client = await openFastCgi(lab.url)
    const whole = formatFastCgi({ body: 'x'.repeat(10), variables: { CONTENT_LENGTH: '10' } })
    client.raw.send(whole.subarray(0, whole.length - 24))
    await client.answer()
    client.raw.send(whole.subarray(whole.length - 24))
    client.request({ path: '/next' })
    expect((await client.answer()).output).toMatch(/GET \/next$/)
  })
})

describe('several requests at a time', () => {
  test('each gets its own answer, in the order of the answers', async () => {
    const waiting = new Map<string, Exchange>()
    await using lab = await start((exchange) => waiting.set(exchange.request.path, exchange))
    using client = await openFastCgi(lab.url)
    for (const id of [1, 2, 3]) client.request({ id, path: `/${id}` })
    await pollUntil(() => waiting.size === 3 || undefined, 'three requests')
    for (const id of [3, 1, 2]) {
      const exchange = waiting.get(`/${id}`)
      if (exchange !== undefined) answer(exchange, `answer ${id}`)
      expect((await client.answer(id)).output).toMatch(new RegExp(`answer ${id}$`))
    }
  })

  test('bodies and variables may come in turn', async () => {
    await using lab = await start(echo)
    using client = await openFastCgi(lab.url)
    const pairs = formatPairs(['REQUEST_METHOD', 'POST', 'PATH_INFO', '/', 'CONTENT_LENGTH', '4'])
    for (const id of [7, 9]) client.send(RecordType.BEGIN_REQUEST, id, formatBegin(BEGIN))
    for (const half of [pairs.subarray(0, 20), pairs.subarray(20)])
      for (const id of [7, 9]) client.send(RecordType.PARAMS, id, half)
    for (const id of [7, 9]) client.send(RecordType.PARAMS, id)
    for (const [id, text] of [
      [7, 'ab'],
      [9, 'AB'],
      [7, 'cd'],
      [9, 'CD'],
    ] as const)
      client.send(RecordType.STDIN, id, Buffer.from(text))
    for (const id of [7, 9]) client.send(RecordType.STDIN, id)
    expect((await client.answer(7)).output).toMatch(/abcd$/)
    expect((await client.answer(9)).output).toMatch(/ABCD$/)
  })

  test('one that breaks off says so, and the others go on', async () => {
    const waiting: Exchange[] = []
    await using lab = await start((exchange) => waiting.push(exchange))
    using client = await openFastCgi(lab.url)
    client.request({ id: 1 })
    client.request({ id: 2 })
    const [first, second] = await pollUntil(() => (waiting[1] ? waiting : undefined), 'both')
    first?.response.begin(createResponseHead(200, []))
    first?.response.abort(FAILURE)
    expect(await client.answer(1)).toMatchObject({ appStatus: 1, protocolStatus: 0 })
    if (second !== undefined) answer(second, 'whole')
    expect(await client.answer(2)).toMatchObject({ ...OK, output: expect.stringMatching(/whole$/) })
  })

  test('the only one that breaks off has what was written, and no end', async () => {
    await using lab = await start(({ response }) => {
      response.begin(createResponseHead(200, []))
      response.write(Buffer.from('the beginning'))
      response.abort(FAILURE)
    })
    using client = await openFastCgi(lab.url)
    client.request({})
    await expect(client.answer()).rejects.toThrow('ended before')
    expect(client.raw.rest.toString('latin1')).toMatch(/^[^]*Status: 200 OK[^]*the beginning/)
  })

  test('are refused beyond the bound', async () => {
    await using lab = await start(() => {})
    using client = await openFastCgi(lab.url)
    for (let id = 1; id <= 65; id++) client.request({ id })
    expect(await client.answer(65)).toMatchObject({ protocolStatus: 2, output: '' })
    expect(lab.exchanges).toHaveLength(64)
  })

  test('a slow one is refused alone', async () => {
    await using lab = await start(echo, { timeouts: { header: 100, body: 100 } })
    using client = await openFastCgi(lab.url)
    client.send(RecordType.BEGIN_REQUEST, 1, formatBegin(BEGIN))
    expect((await client.answer(1)).output).toMatch(/^Status: 408 /)
    const whole = formatFastCgi({ id: 2, body: 'hello', variables: { CONTENT_LENGTH: '9' } })
    client.raw.send(whole.subarray(0, whole.length - 8))
    expect((await client.answer(2)).output).toMatch(/^Status: 408 /)
    client.request({ id: 3, body: 'bye' })
    expect((await client.answer(3)).output).toMatch(/bye$/)
  })
})

describe('records', () => {
  test('of an aborted request end it', async () => {
    await using lab = await start(() => {})
    using client = await openFastCgi(lab.url)
    client.request({})
    await pollUntil(() => lab.exchanges[0], 'the request')
    client.send(RecordType.ABORT_REQUEST, 1)
    expect(await client.answer()).toEqual({ ...OK, output: '' })
    expect(lab.outcomes[0]?.error).toMatchObject({ code: 'CLIENT_DISCONNECTED' })
    client.request({ path: '/next' })
    await pollUntil(() => lab.exchanges[1], 'the next request')
  })

  test('ask for values, which are told truthfully', async () => {
    await using lab = await start(nameRequest, { limits: { connections: 10 } })
    using client = await openFastCgi(lab.url)
    const names = ['FCGI_MAX_CONNS', 'FCGI_MAX_REQS', 'FCGI_MPXS_CONNS', 'OTHER']
    client.send(RecordType.GET_VALUES, 0, formatPairs(names.flatMap((name) => [name, ''])))
    const { content } = await client.record(RecordType.GET_VALUES_RESULT, 0)
    expect(parsePairs(content, 'UPSTREAM_FAILED')).toEqual([
      'FCGI_MAX_CONNS',
      '10',
      'FCGI_MAX_REQS',
      '640',
      'FCGI_MPXS_CONNS',
      '1',
    ])
  })

  test('ask for values that have no bound', async () => {
    await using lab = await start(nameRequest)
    using client = await openFastCgi(lab.url)
    client.send(
      RecordType.GET_VALUES,
      0,
      formatPairs(['FCGI_MAX_CONNS', '', 'FCGI_MPXS_CONNS', '']),
    )
    const { content } = await client.record(RecordType.GET_VALUES_RESULT, 0)
    expect(parsePairs(content, 'UPSTREAM_FAILED')).toEqual(['FCGI_MPXS_CONNS', '1'])
  })

  test('of management that nobody knows are told so', async () => {
    await using lab = await start(nameRequest)
    using client = await openFastCgi(lab.url)
    client.send(77, 0, Buffer.from('what?'))
    const { content } = await client.record(RecordType.UNKNOWN_TYPE, 0)
    expect(content[0]).toBe(77)
    client.request({})
    await client.answer()
  })

  test('of a request that nobody knows are skipped', async () => {
    await using lab = await start(nameRequest)
    using client = await openFastCgi(lab.url)
    client.send(RecordType.BEGIN_REQUEST, 1, formatBegin(BEGIN))
    client.send(42, 1, Buffer.from('what?'))
    client.send(RecordType.STDOUT, 1, Buffer.from('what?'))
    client.send(RecordType.PARAMS, 1, formatPairs(['REQUEST_METHOD', 'GET']))
    client.send(RecordType.PARAMS, 1)
    client.send(42, 1)
    client.send(RecordType.STDIN, 1)
    expect((await client.answer()).output).toMatch(/GET \/$/)
  })

  test('for requests that are over are skipped', async () => {
    await using lab = await start(nameRequest)
    using client = await openFastCgi(lab.url)
    for (const type of [RecordType.PARAMS, RecordType.STDIN, RecordType.ABORT_REQUEST])
      client.send(type, 5, type === RecordType.ABORT_REQUEST ? undefined : Buffer.from('late'))
    client.request({})
    expect((await client.answer()).output).toMatch(/^Status: 200 /)
  })

  test('begin a role that nobody knows', async () => {
    await using lab = await start(nameRequest)
    using client = await openFastCgi(lab.url)
    client.request({ role: 9 })
    expect(await client.answer()).toEqual({ appStatus: 0, protocolStatus: 3, output: '' })
    client.request({})
    expect((await client.answer()).output).toMatch(/^Status: 200 /)
  })

  test('asked for without being read end the connection', async () => {
    await using lab = await start(nameRequest, { timeouts: { send: 100 } })
    using raw = await openRaw(lab.url)
    raw.pause()
    const asked = formatRecord(RecordType.GET_VALUES, 0, formatPairs(['FCGI_MPXS_CONNS', '']))
    const many = Buffer.concat(Array.from({ length: 20_000 }, () => asked))
    for (let i = 0; i < 50; i++) raw.send(many)
    await pollUntil(() => lab.connections === 0 || undefined, 'the front to leave')
  })
})

describe('a body', () => {
  test.each<[string, FastCgiRequest]>([
    ['without CONTENT_LENGTH', { body: 'hello' }],
    ['with an empty CONTENT_LENGTH', { body: 'hello', variables: { CONTENT_LENGTH: '' } }],
    ['longer than its CONTENT_LENGTH', { body: 'hello!', variables: { CONTENT_LENGTH: '5' } }],
  ])('%s arrives', async (_name, request) => {
    await using lab = await start(echo)
    using client = await openFastCgi(lab.url)
    client.request(request)
    expect((await client.answer()).output).toMatch(/hello$/)
  })

  test('without CONTENT_LENGTH is bounded', async () => {
    await using lab = await start(echo, { limits: { body: 1000 } })
    using client = await openFastCgi(lab.url)
    client.request({ body: 'x'.repeat(1001) })
    expect((await client.answer()).output).toMatch(/^Status: 413 /)
  })

  test('that does not come is none', async () => {
    let length: unknown
    await using lab = await start((exchange) => {
      length = exchange.body.length
      answer(exchange, '')
    })
    using client = await openFastCgi(lab.url)
    client.request({ variables: { CONTENT_LENGTH: '' } })
    await client.answer()
    expect(length).toBe(0)
  })
})

describe('roles', () => {
  test('an authorizer has no body and is not asked for one', async () => {
    await using lab = await start((exchange) =>
      answer(exchange, '', { fields: ['Variable-TEAM', 'red'] }),
    )
    using client = await openFastCgi(lab.url)
    client.request({ role: Role.AUTHORIZER, path: '/private/x' })
    expect((await client.answer()).output).toMatch(/^Status: 200 OK\r\nVariable-TEAM: red\r\n/)
    expect(lab.exchanges[0]?.frontServer?.role).toBe('AUTHORIZER')
  })

  test('a filter gets its file behind its body', async () => {
    await using lab = await start(echo)
    using client = await openFastCgi(lab.url)
    client.request({
      role: Role.FILTER,
      body: 'body',
      data: 'file',
      variables: { CONTENT_LENGTH: '4', FCGI_DATA_LENGTH: '4' },
    })
    expect((await client.answer()).output).toMatch(/bodyfile$/)
    expect(lab.exchanges[0]?.frontServer?.role).toBe('FILTER')
    expect(lab.exchanges[0]?.body.length).toBe(8)
  })

  test.each<[string, FastCgiRequest]>([
    ['a body without a length', { body: 'body' }],
    ['half a body', { body: 'bo', variables: { CONTENT_LENGTH: '4' } }],
    ['a file of no length', { variables: { CONTENT_LENGTH: '0', FCGI_DATA_LENGTH: 'x' } }],
  ])('a filter with %s is refused', async (_name, request) => {
    await using lab = await start(() => {})
    using client = await openFastCgi(lab.url)
    client.request({ role: Role.FILTER, data: 'file', ...request })
    expect((await client.answer()).output).toMatch(/^Status: 400 /)
  })
})
