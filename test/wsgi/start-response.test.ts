import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { formatRequest, openRaw } from '../support/raw-client.ts'
import { startLab, type Lab } from './lab.ts'

let lab: Lab

beforeAll(async () => {
  lab = await startLab(['-t', '1'])
})

afterAll(async () => {
  await lab.stop()
})

const CONTENT = Array.from({ length: 30_000 }, (_, i) => `${String(i).padStart(9, '0')}\n`).join('')

describe('start_response', () => {
  test('a failed call has no effect', async () => {
    const response = await lab.get('/bad-header-then-good')
    expect([
      response.status,
      response.text,
      response.header('x-early'),
      response.header('x-late'),
    ]).toEqual([201, 'good', undefined, '1'])
  })

  test('everything is validated before anything is kept', async () => {
    // The same application answers normally after having tried every wrong call.
    for (const target of ['/bad-statuses', '/bad-headers']) {
      const response = await lab.get(target)
      expect([response.status, response.header('x'), response.header('x-evil')]).toEqual([
        200,
        undefined,
        undefined,
      ])
    }
  })

  test('exc_info before output drops all earlier headers, Content-Length too', async () => {
    for (const target of ['/replaced', '/replaced-in-iteration']) {
      const response = await lab.get(target)
      expect([response.status, response.reason, response.text, response.complete], target).toEqual([
        503,
        'Replaced',
        'the replacement',
        true,
      ])
      expect([response.header('x-old'), response.header('x-new')]).toEqual([undefined, '1'])
      expect(response.header('content-length')).not.toBe('3')
    }
  })

  test('exc_info after write() is raised again', async () => {
    const key = lab.key()
    const response = await lab.get(`/write-then-start?key=${key}`)
    expect([response.status, response.text]).toEqual([200, 'begun and done'])
    expect(await lab.notes(key)).toEqual(['raised again'])
  })
})

describe('what the application returns', () => {
  test.each([
    'none',
    'str',
    'bytes',
    'int',
    'str_items',
    'int_items',
    'none_items',
    'iter_raises',
    'empty_then_str',
    'closing_str_items',
  ])('%s is a 500 before the head', async (what) => {
    for (const start of ['1', '0']) {
      const key = lab.key()
      const response = await lab.get(`/returns?what=${what}&start=${start}&key=${key}`)
      expect([response.status, response.complete]).toEqual([500, true])
      if (what.startsWith('closing')) expect(await lab.notes(key)).toEqual(['close'])
    }
  })

  test.each([
    ['str', /str/],
    ['bytes', /bytes/],
    ['none', /None/],
  ])('the log clearly reports that %s was returned', async (what, pattern) => {
    const before = lab.taipan.output.length
    await lab.get(`/returns?what=${what}`)
    await expect.poll(() => lab.taipan.output.slice(before), { timeout: 5000 }).toMatch(pattern)
  })

  test('a bad block after good ones aborts the connection or is a 500', async () => {
    const response = await lab.get('/returns?what=late_str_item')
    expect(response.status === 500 || (response.text === 'good' && !response.complete)).toBe(true)
  })

  test('iteration stops once Content-Length is reached, then close()', async () => {
    const key = lab.key()
    const response = await lab.get(`/blocks?blocks=1000&length=10&key=${key}`)
    expect([response.text, response.complete]).toEqual(['0000000001', true])
    const notes = await lab.notes(key)
    expect(notes.at(-1)).toBe('close')
    expect(notes.filter((note) => note === 'close')).toHaveLength(1)
    expect(notes.length).toBeLessThan(6)
  })
})

describe('close()', () => {
  test('belongs to the returned object, not to its iterator', async () => {
    const key = lab.key()
    expect((await lab.get(`/close-of-returned?key=${key}`)).text).toBe('inner')
    expect(await lab.notes(key)).toEqual(['outer close'])
  })

  test.each([
    ['HEAD', '/blocks?blocks=3', 'HEAD'],
    ['HEAD with a length', '/blocks?blocks=2&length=10', 'HEAD'],
    ['204', '/bodyless?status=204+No', 'GET'],
    ['304', '/bodyless?status=304+No', 'GET'],
    ['Content-Length 0', '/zero?', 'GET'],
    ['no start_response', '/no-start?', 'GET'],
    ['no start_response and no block', '/no-start-empty?', 'GET'],
    ['a bad block', '/returns?what=closing_str_items', 'GET'],
    [
      'an exception at the first block',
      '/raise?error=KeyError&where=first'.replace('KeyError', 'ValueError'),
      'GET',
    ],
    ['SystemExit at the first block', '/raise?error=SystemExit&where=first', 'GET'],
    ['an exception later', '/raise?error=ValueError&where=later', 'GET'],
    ['an exception in close() itself', '/raise?error=ValueError&where=close', 'GET'],
    ['a file-like object', '/file?kind=noted', 'GET'],
    ['a file with HEAD', '/file?kind=noted', 'HEAD'],
    ['a file with 304', '/file?kind=noted&status=304+No', 'GET'],
    ['a file cut at its length', '/file?kind=noted&length=5', 'GET'],
  ])('is called exactly once: %s', async (_name, target, method) => {
    const key = lab.key()
    await lab.get(`${target}&key=${key}`, { method }).catch(() => undefined)
    expect((await lab.notes(key)).filter((note) => note === 'close')).toEqual(['close'])
  })

  test.each([
    ['at once', 0],
    ['behind the head', 1],
    ['in the middle', 3_000_000],
  ])('is called exactly once when the client disconnected %s', async (_name, bytes) => {
    for (const how of ['leave', 'reset'] as const) {
      const key = lab.key()
      const connection = await openRaw(lab.url)
      await connection.sendAll(formatRequest({ target: `/endless?key=${key}` }))
      await connection.waitUntil(() => connection.received >= bytes, 'the body')
      if (how === 'leave') connection.destroy()
      else connection.reset()
      const notes = await lab.notes(key)
      // A client that disconnected before its request was handed over needs no application.
      if (bytes === 0 && notes.length === 0) continue
      expect(notes, how).toEqual(['close'])
    }
  })
})

test('an application is stopped however early its client disconnects', async () => {
  const unstopped: string[] = []
  for (let round = 0; round < 150; round++) {
    const key = lab.key()
    const connection = await openRaw(lab.url)
    await connection.sendAll(formatRequest({ target: `/endless?blocks=1500&key=${key}` }))
    if (round % 3 === 1) await connection.waitUntil(() => connection.received > 0, 'the head')
    connection.reset()
    const notes = await lab.notes(key)
    if (notes.includes('sent everything')) unstopped.push(`${round}: ${notes.join()}`)
  }
  expect(unstopped).toEqual([])
})

describe('file_wrapper', () => {
  test.each([
    ['a file', 'file', CONTENT],
    ['a file read up to some place', 'offset', CONTENT.slice(10)],
    ['tell() rather than the offset of the descriptor', 'descriptor-offset', CONTENT.slice(20)],
    ['a file at its end', 'at-end', ''],
    ['GzipFile, whose fileno() is not its content', 'gzip', CONTENT],
    ['a pipe', 'pipe', CONTENT],
    ['an unlinked file', 'unlinked', CONTENT],
    ['an empty file', 'empty', ''],
    ['BytesIO', 'bytesio', CONTENT],
    ['an object with read() alone', 'filelike', CONTENT],
  ])('%s', async (_name, kind, content) => {
    const whole = await lab.get(`/file?kind=${kind}`)
    expect([whole.status, whole.complete, whole.body.length]).toEqual([200, true, content.length])
    expect(whole.text === content).toBe(true)
    if (content === '') return
    const part = await lab.get(`/file?kind=${kind}&length=1234`)
    expect([part.complete, part.text === content.slice(0, 1234)]).toEqual([true, true])
    const old = await lab.get(`/file?kind=${kind}`, { version: '1.0' })
    expect(old.text === content).toBe(true)
  })

  test('a file followed by another request on the same connection', async () => {
    using connection = await openRaw(lab.url)
    connection.send(
      formatRequest({ target: '/file?kind=file' }).toString('latin1') +
        formatRequest({ target: '/hello' }).toString('latin1'),
    )
    expect((await connection.readFinalResponse()).text === CONTENT).toBe(true)
    expect((await connection.readFinalResponse()).text).toBe('hello')
  })

  test("the application's own Date and Server win", async () => {
    const response = await lab.get('/own')
    expect([response.headers('date'), response.headers('server')]).toEqual([
      ['Sat, 01 Jan 2000 00:00:00 GMT'],
      ['own/1.0'],
    ])
  })
})
