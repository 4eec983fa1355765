import { expect, test } from 'vitest'

import type { BackendLab, LabOptions } from '../support/backend-lab.ts'
import type { Fetch } from './exchanges.ts'
import { fetchRaw, openRaw, pollUntil } from '../support/raw-client.ts'

/** Tests of bodies for interfaces that read and write them block by block. */
export function testBodies(
  start: (options?: LabOptions) => Promise<BackendLab>,
  fetch: Fetch = fetchRaw,
): void {
  test('reports to an application that its client disconnected during an upload', async () => {
    await using lab = await start()
    const connection = await openRaw(lab.url)
    connection.send('POST /lab/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\nhello')
    await connection.sendAll(Buffer.alloc(300_000))
    connection.destroy()
    await pollUntil(
      () => lab.journal().some((entry) => entry.startsWith('broken-')) || undefined,
      'the read to fail',
    )
    expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(200)
  })

  test.each([
    ['one large block', '/lab/block?size=10485760', 10_485_760],
    ['many pieces', '/lab/stream?n=1000&size=10000&key=a', 10_000_000],
    ['no piece', '/lab/stream?n=0&size=1&key=a', 0],
  ])('passes %s', async (_what, target, size) => {
    await using lab = await start()
    const response = await fetch(lab.url, target)
    expect([response.status, response.complete]).toEqual([200, true])
    expect(response.body.length).toBe(size)
    if (target.includes('stream')) await lab.waitForEntry('close-a')
  })
}
