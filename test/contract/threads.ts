import { expect, test } from 'vitest'

import type { BackendLab, LabOptions } from '../support/backend-lab.ts'
import type { RawConnection } from '../support/raw-client.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil } from '../support/raw-client.ts'

/** Tests for interfaces whose requests have a thread each. */
export function testThreads(start: (options?: LabOptions) => Promise<BackendLab>): void {
  test('runs as many requests at once as there are threads', async () => {
    await using lab = await start({ threads: 2 })
    expect(lab.backend.capacity).toEqual({ idle: 2, total: 2 })
    const waiting = [fetchRaw(lab.url, '/lab/gate?name=g'), fetchRaw(lab.url, '/lab/gate?name=g')]
    await lab.waitForEntry('gate-g', 2)
    expect(lab.backend.capacity).toEqual({ idle: 0, total: 2 })
    const third = fetchRaw(lab.url, '/lab/note?n=third')
    lab.openGate('g')
    for (const response of await Promise.all(waiting)) expect(response.text).toBe('through')
    expect((await third).text).toBe('noted')
  })

  test('calls close() once when the client disconnects during a download', async () => {
    await using lab = await start()
    const connection = await openRaw(lab.url)
    connection.send(formatRequest({ target: '/lab/stream?n=100000&size=10000&key=left' }))
    await connection.waitUntil(() => connection.received > 100_000, 'some of the body')
    connection.destroy()
    await lab.waitForEntry('close-left')
    for (let i = 0; i < 4; i++) expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(200)
    expect(lab.journal()).toEqual(['close-left'])
  })

  test.each([
    ['one block', '/lab/block?size=50000000'],
    ['many', '/lab/stream?n=100000&size=10000&key=left'],
  ])('a client that leaves during a response of %s is no error', async (_what, target) => {
    await using lab = await start()
    const connection = await openRaw(lab.url)
    connection.send(formatRequest({ target }))
    await connection.waitUntil(() => connection.received > 100_000, 'some of the body')
    connection.destroy()
    const { level } = await lab.waitForRecord(/disconnected before the end of its response/)
    expect(level).toBe('info')
    expect(lab.records.filter((record) => record.level === 'error')).toEqual([])
  })

  test('clients that do not read occupy no threads', async () => {
    await using lab = await start({ threads: 2 })
    const slow: RawConnection[] = []
    for (let i = 0; i < 6; i++) {
      const connection = await openRaw(lab.url)
      connection.pause()
      const target = i % 2 ? '/lab/block?size=8000000' : '/lab/stream?n=800&size=10000&key=s'
      connection.send(formatRequest({ target }))
      slow.push(connection)
    }
    for (let i = 0; i < 10; i++) expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(200)
    for (const connection of slow) {
      connection.resume()
      const response = await connection.readFinalResponse()
      expect([response.complete, response.body.length]).toEqual([true, 8_000_000])
      connection.destroy()
    }
  })

  test('stops reading beyond the buffer for slow clients, and sends everything later', async () => {
    await using lab = await start({
      threads: 1,
      buffers: { request: 65_536, response: 300_000, responseTotal: 300_000 },
    })
    const connection = await openRaw(lab.url)
    connection.pause()
    connection.send(formatRequest({ target: '/lab/stream?n=2000&size=10000&key=held' }))
    await pollUntil(() => lab.exchanges[0]?.response.begun || undefined, 'the response to begin')
    const other = fetchRaw(lab.url, '/lab/hello')
    await new Promise((resolve) => {
      setTimeout(resolve, 300)
    })
    expect(lab.exchanges[0]?.response.pending).toBeLessThan(1_500_000)
    expect(lab.journal()).toEqual([])
    connection.resume()
    expect((await connection.readFinalResponse()).body.length).toBe(20_000_000)
    expect((await other).text).toBe('hello')
    connection.destroy()
  })

  test('a request that takes too long gets 504 and its thread is interrupted', async () => {
    await using lab = await start({ threads: 1, timeouts: { request: 300 } })
    expect((await fetchRaw(lab.url, '/lab/gate?name=never')).status).toBe(504)
    const { level, fields } = await lab.waitForRecord(
      /^request \S+ \(GET \/lab\/gate\) of application lab was ended after \d+ ms/,
    )
    expect([level, fields['application'], fields['worker']]).toEqual([
      'warn',
      'lab',
      expect.stringMatching(/^web\/\d+$/),
    ])
    expect(fields['age']).toBeGreaterThanOrEqual(300)
    expect(fields['traceback']).toMatch(/^Stack \(most recent call last\):[^]*backend_lab\.py/)
    expect(fields['traceback']).not.toMatch(/python\/taipan/)
    expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(200)
  })

  test('stop does not wait longer than allowed', async () => {
    await using lab = await start({ threads: 1, timeouts: { shutdown: 300 } })
    const stuck = fetchRaw(lab.url, '/lab/stuck')
    await lab.waitForEntry('stuck')
    await lab.backend.stop()
    expect((await stuck).status).toBe(503)
  })
}
