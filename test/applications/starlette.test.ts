import { connect } from 'node:net'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { RawConnection } from '../support/raw-client.ts'
import { describeAsyncSample, type SampleSite } from './support/sample-contract.ts'
import { SITES } from './support/site.ts'
import { DEADLINE } from '../support/deadlines.ts'

describeAsyncSample(
  {
    name: 'Starlette',
    args: [`${join(SITES, 'starlette/app.py')}:app`],
    mount: '/site',
    traceback: /RuntimeError: a secret of the application/,
  },
  describeCourses,
)

function describeCourses(current: () => SampleSite): void {
  const visit = async (path: string) => await current().browser.visit(`/site${path}`)
  const waitForEntry = async (entry: string): Promise<void> =>
    await expect
      .poll(async () => JSON.parse((await visit('/journal')).text), { timeout: DEADLINE })
      .toContain(entry)
  const ask = (line: string, body = ''): RawConnection => {
    const { hostname, port } = new URL(current().site.url)
    const connection = new RawConnection(connect(Number(port), hostname))
    connection.send(`${line} HTTP/1.1\r\nHost: ${hostname}\r\n${body === '' ? '\r\n' : body}`)
    return connection
  }
  const waitForText = async (connection: RawConnection, text: string): Promise<void> =>
    await connection.waitUntil(() => connection.rest.includes(text), text)

  test.each(['/events', '/stamped/events'])('events of %s come piece by piece', async (path) => {
    const connection = ask(`GET /site${path}`)
    await waitForText(connection, 'data: first')
    expect(connection.rest.includes('second')).toBe(false)
    await visit('/open/events')
    await waitForText(connection, 'data: second')
    const answer = await connection.readResponse()
    expect([answer.status, answer.text]).toEqual([200, 'data: first\n\ndata: second\n\n'])
    connection.destroy()
    await visit('/close/events')
  })

  test('an application that only waits notices a client that disconnects', async () => {
    const connection = ask('GET /site/watch')
    await waitForEntry('watching')
    connection.destroy()
    await waitForEntry('nobody watches')
  })

  test('a generator without end is closed when its client leaves', async () => {
    const connection = ask('GET /site/endless')
    await waitForText(connection, 'x'.repeat(1000))
    connection.destroy()
    await waitForEntry('the endless has ended')
  })

  // uvicorn reports version 2.3 of the specification; for that Starlette reads ahead of the application.
  const reference = process.env['TAIPAN_TEST_REFERENCE'] === '1'
  test.skipIf(reference)('an answer begins while the body still comes', async () => {
    const connection = ask('POST /site/sizes', 'Content-Length: 10\r\n\r\n12345')
    await waitForText(connection, '5\n')
    connection.send('67890')
    const answer = await connection.readResponse('POST')
    expect(answer.text.trimEnd().split('\n').at(-1)).toBe('10')
    connection.destroy()
  })

  test('a task after the answer goes on when the client leaves', async () => {
    const connection = ask('GET /site/task')
    expect((await connection.readResponse()).text).toBe('answered')
    await waitForEntry('task begun')
    connection.destroy()
    await visit('/open/task')
    await waitForEntry('task done')
  })

  test('middlewares around the call stamp and compress', async () => {
    const page = await visit('/stamped/large')
    expect(page.headers.get('x-stamp')).toBe('/site/stamped/large')
    expect(page.headers.get('content-encoding')).toBe('gzip')
    expect(page.bytes.length).toBe(2_000_000)
    const broken = await visit('/stamped/error')
    expect([broken.status, broken.text.includes('secret')]).toEqual([500, false])
  })
}
