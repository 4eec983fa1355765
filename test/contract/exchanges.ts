import { expect, test } from 'vitest'

import type { BackendLab, LabOptions } from '../support/backend-lab.ts'
import {
  expectRequestsToShareNothing,
  expectStreamsToShareNothing,
} from '../support/one-connection.ts'
import { fetchRaw, pollUntil, type RawRequest, type RawResponse } from '../support/raw-client.ts'

/** How a client asks: by HTTP/1, or another protocol. */
export type Fetch = (url: string, request: RawRequest | string) => Promise<RawResponse>

/** Tests of requests and responses for any interface. `spoiling` is the source of an application that changes its input. */
export function testExchanges(
  start: (options?: LabOptions) => Promise<BackendLab>,
  spoiling: string,
  fetch: Fetch = fetchRaw,
): void {
  test('answers with status, fields in order, and body', async () => {
    await using lab = await start()
    const response = await fetch(lab.url, '/lab/hello')
    expect([response.status, response.text]).toEqual([200, 'hello'])
    expect(response.headers('X-One')).toEqual(['1', '2'])
  })

  test('requests of one connection share nothing', async () => {
    await using lab = await start({ own: spoiling })
    if (fetch === fetchRaw) await expectRequestsToShareNothing(lab.url)
    else await expectStreamsToShareNothing(lab.url)
  })

  test.each([0, 1, 8192, 65_536, 65_537, 3_000_000])(
    'passes a body of %i bytes in both directions',
    async (size) => {
      await using lab = await start()
      const body = Buffer.alloc(size, 'abcdefghij')
      const sized = await fetch(lab.url, { method: 'POST', target: '/lab/echo', body })
      expect(sized.body.equals(body)).toBe(true)
      const chunks = [body.subarray(0, 1000), body.subarray(1000)].filter(
        ({ length }) => length > 0,
      )
      const target = '/lab/echo-pieces'
      const chunked = await fetch(lab.url, { method: 'POST', target, chunks })
      expect(chunked.body.equals(body)).toBe(true)
    },
  )

  test('answers although the body was not read', async () => {
    await using lab = await start()
    const body = Buffer.alloc(1_000_000)
    const response = await fetch(lab.url, { method: 'POST', target: '/lab/unread', body })
    expect([response.status, response.text]).toEqual([413, 'not read'])
    expect((await fetch(lab.url, '/lab/hello')).text).toBe('hello')
  })

  test('answers 500 to an exception, and aborts the connection if the body has begun', async () => {
    await using lab = await start()
    const failed = await fetch(lab.url, '/lab/raise')
    expect([failed.status, failed.complete]).toEqual([500, true])
    expect(failed.text).not.toContain('LookupError')
    const cut = await fetch(lab.url, '/lab/raise-late')
    expect([cut.status, cut.text, cut.complete]).toEqual([200, 'begun', false])
    await pollUntil(
      () =>
        lab.records.some(({ fields }) => String(fields['traceback']).includes('raised late')) ||
        undefined,
      'the traceback',
    )
    expect((await fetch(lab.url, '/lab/hello')).text).toBe('hello')
  })
}
