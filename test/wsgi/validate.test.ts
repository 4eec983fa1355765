import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import { fetchRaw, type RawRequest } from '../support/raw-client.ts'
import { APPS } from './lab.ts'

let taipan: RunningTaipan

beforeAll(async () => {
  taipan = await startTaipan(['wsgi_validated.py', '-b', '127.0.0.1:0', '-p', '1', '-t', '2'], {
    cwd: APPS,
  })
})

afterAll(async () => {
  await taipan.stop()
  // The validator reports on stderr when an iterator was not closed.
  expect(taipan.output).not.toMatch(/garbage collected without being closed/)
  expect(taipan.output).not.toMatch(/AssertionError/)
})

const CASES: readonly (readonly [string, RawRequest, number, string])[] = [
  ['hello', { target: '/hello' }, 200, 'hello'],
  ['hello in 1.0', { target: '/hello', version: '1.0' }, 200, 'hello'],
  ['HEAD', { target: '/hello', method: 'HEAD' }, 200, ''],
  [
    'a query and fields',
    {
      target: '/hello?a=b&c',
      headers: [
        ['X-A', 'b'],
        ['X-A', 'c'],
        ['Cookie', 'd=e'],
      ],
    },
    200,
    'hello',
  ],
  ['echo', { target: '/echo', method: 'POST', body: 'hello' }, 200, 'hello'],
  ['echo of chunks', { target: '/echo', method: 'POST', chunks: ['hel', 'lo'] }, 200, 'hello'],
  ['echo of nothing', { target: '/echo', method: 'POST', body: '' }, 200, ''],
  [
    'echo of 1 MB',
    { target: '/echo', method: 'POST', body: 'x'.repeat(1 << 20) },
    200,
    'x'.repeat(1 << 20),
  ],
  ['lines', { target: '/lines', method: 'POST', body: 'a\nb\nc' }, 200, 'a\nb\nc'],
  ['a stream', { target: '/stream' }, 200, 'block 0\nblock 1\nblock 2\nblock 3\nblock 4\n'],
  ['HEAD of a stream', { target: '/stream', method: 'HEAD' }, 200, ''],
  ['write()', { target: '/written' }, 200, 'written and returned'],
  ['204', { target: '/nothing' }, 204, ''],
  ['304', { target: '/unmodified' }, 304, ''],
  ['exc_info', { target: '/failed' }, 500, 'failed in order'],
  ['wsgi.errors', { target: '/noisy' }, 200, 'noisy'],
  ['file_wrapper', { target: '/file' }, 200, 'from a file'],
]

describe('39 wsgiref.validate finds nothing', () => {
  test.each(CASES)('%s', async (_name, request, status, text) => {
    const response = await fetchRaw(taipan.url, request)
    expect(response.status, response.text.slice(0, 500)).toBe(status)
    expect(response.complete).toBe(true)
    expect(response.text === text).toBe(true)
  })
})
