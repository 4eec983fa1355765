import type { IncomingMessage } from 'node:http'
import { get } from 'node:http'

import { describe, expect, test } from 'vitest'

import { createEmbeddedBackend } from '../../../src/backends/embedded/embedded-backend.ts'
import { testBlocks } from '../../contract/blocks.ts'
import { testBodies } from '../../contract/bodies.ts'
import { testExchanges } from '../../contract/exchanges.ts'
import { testStopping } from '../../contract/stopping.ts'
import type { BackendLab, LabOptions } from '../../support/backend-lab.ts'
import { labApplication, startLab } from '../../support/backend-lab.ts'
import { SPOILING } from '../../support/one-connection.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil } from '../../support/raw-client.ts'

const start = (options?: LabOptions): Promise<BackendLab> =>
  startLab(createEmbeddedBackend, { threads: 0, ...options })

function application(body: string): string {
  const indented = body.replaceAll(/^/gm, '    ')
  return `def application(environ, start_response):\n${indented}\n`
}

describe('WSGI on Node’s thread: requests and responses', () => {
  testExchanges(start, SPOILING)
  testBodies(start)
  testStopping(start)

  test('runs on the thread of this process, and environ says so', async () => {
    await using lab = await start()
    const response = await fetchRaw(lab.url, '/lab/environ/a?b=c')
    expect(JSON.parse(response.text)).toMatchObject({
      SCRIPT_NAME: '/lab',
      PATH_INFO: '/environ/a',
      QUERY_STRING: 'b=c',
      'wsgi.multithread': false,
      'wsgi.multiprocess': false,
      'taipan.request_id': lab.exchanges[0]?.id,
    })
    expect(lab.exchanges[0]?.notes.worker).toBe(`web/${process.pid}`)
  })

  test('others are answered while uploads stall, more of them than there are helpers', async () => {
    await using lab = await start()
    const slow = []
    for (let i = 0; i < 20; i++) {
      const connection = await openRaw(lab.url)
      connection.send('POST /lab/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n')
      connection.send(Buffer.alloc(70_000, 'x'))
      slow.push(connection)
    }
    await pollUntil(() => lab.exchanges.length === 20 || undefined, 'the uploads to begin')
    expect((await fetchRaw(lab.url, '/lab/hello')).text).toBe('hello')
    for (const connection of slow) connection.send(Buffer.alloc(30_000, 'y'))
    for (const connection of slow) {
      expect((await connection.readFinalResponse()).body.length).toBe(100_000)
      connection.destroy()
    }
  })

  test('sends 100 Continue at the first read, and none when nothing is read', async () => {
    await using lab = await start()
    const head = (path: string): string =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`
    const connection = await openRaw(lab.url)
    connection.send(head('/lab/echo'))
    await connection.waitUntil(() => connection.received > 0, 'an interim answer')
    connection.send('hello')
    expect((await connection.readFinalResponse()).text).toBe('hello')
    connection.destroy()
    const unread = await openRaw(lab.url)
    unread.send(head('/lab/unread'))
    expect((await unread.readFinalResponse()).status).toBe(413)
    unread.destroy()
  })

  test.each([0, 5_000_000])('passes the rest of a file from offset %i', async (from) => {
    await using lab = await start()
    const bytes = Buffer.alloc(5_000_123, '0123456789')
    lab.write('data.bin', bytes)
    const response = await fetchRaw(lab.url, `/lab/file?name=data.bin&from=${from}`)
    expect(response.complete).toBe(true)
    expect(response.body.equals(bytes.subarray(from))).toBe(true)
  })

  test.each(['SystemExit(3)', 'KeyboardInterrupt()', 'GeneratorExit()', 'StopIteration()'])(
    '%s is a 500, and the server lives',
    async (error) => {
      const own = application(
        `if environ['PATH_INFO'] == '/ok':\n    start_response('200 OK', [])\n    return [b'ok']\nraise ${error}`,
      )
      await using lab = await start({ own })
      expect((await fetchRaw(lab.url, '/lab/bad')).status).toBe(500)
      expect((await fetchRaw(lab.url, '/lab/ok')).text).toBe('ok')
    },
  )

  test('endless recursion is a 500', async () => {
    const own = `def f(n):\n    return sorted([1, 2], key=lambda _: f(n + 1))\n${application(
      "if environ['PATH_INFO'] == '/ok':\n    start_response('200 OK', [])\n    return [b'ok']\nf(0)",
    )}`
    await using lab = await start({ own })
    expect((await fetchRaw(lab.url, '/lab/bad')).status).toBe(500)
    expect((await fetchRaw(lab.url, '/lab/ok')).text).toBe('ok')
    await lab.waitForRecord(/RecursionError/)
  })

  test('asyncio.run works', async () => {
    const own = `import asyncio\nasync def main():\n    await asyncio.sleep(0.01)\n    return await asyncio.get_running_loop().run_in_executor(None, lambda: b'done')\n${application(
      "start_response('200 OK', [])\nreturn [asyncio.run(main())]",
    )}`
    await using lab = await start({ own })
    for (let i = 0; i < 3; i++) expect((await fetchRaw(lab.url, '/lab/')).text).toBe('done')
  })

  test('2 MB printed in one request reach the log under that request', async () => {
    const own = application(
      "for n in range(20000):\n    print(n, 'x' * 95)\nstart_response('200 OK', [])\nreturn [b'printed']",
    )
    await using lab = await start({ own })
    expect((await fetchRaw(lab.url, '/lab/')).text).toBe('printed')
    const id = lab.exchanges[0]?.id
    const lines = await pollUntil(() => {
      const found = lab.records.flatMap(({ fields, message }) =>
        fields['request'] === id ? message.split('\n') : [],
      )
      return found.length >= 20_000 ? found : undefined
    }, 'all lines')
    expect(lines).toHaveLength(20_000)
    expect(lines.at(-1)).toBe(`19999 ${'x'.repeat(95)}`)
  })
})

describe('WSGI on Node’s thread: long responses', () => {
  testBlocks(start, { ways: ['iterates'], waits: ['iterates', 'writes'] })

  test('streams share the thread block by block', async () => {
    await using lab = await start()
    const target = '/lab/stream?n=200&size=1000&key=s'
    const connection = await openRaw(lab.url)
    connection.send(formatRequest({ target: '/lab/stream?n=100000000&size=10000&key=endless' }))
    await connection.waitUntil(() => connection.received > 1_000_000, 'some of the endless one')
    const streams = await Promise.all(Array.from({ length: 5 }, () => fetchRaw(lab.url, target)))
    for (const stream of streams) expect(stream.body.length).toBe(200_000)
    expect((await fetchRaw(lab.url, '/lab/hello')).text).toBe('hello')
    connection.destroy()
    await lab.waitForEntry('close-endless')
    expect(lab.journal().filter((entry) => entry === 'close-endless')).toHaveLength(1)
  })

  test.each([
    ['blocks', '/lab/stream?n=5000&size=10000&key=held'],
    ['one block', '/lab/block?size=50000000'],
  ])('a client that does not read holds little of %s, and gets all later', async (_what, path) => {
    await using lab = await start()
    const response = await new Promise<IncomingMessage>((resolve) => {
      get(`${lab.url}${path}`, { agent: false }, resolve)
    })
    for (let i = 0; i < 50; i++) expect((await fetchRaw(lab.url, '/lab/hello')).text).toBe('hello')
    expect(lab.exchanges[0]?.response.pending).toBeLessThan(1_500_000)
    expect(lab.journal()).toEqual([])
    let bytes = 0
    for await (const chunk of response) bytes += Buffer.byteLength(chunk)
    expect(bytes).toBe(50_000_000)
  })

  test('write() beyond the buffer raises an error with a way out', async () => {
    const own = application(
      "write = start_response('200 OK', [])\nfor _ in range(1000):\n    write(b'x' * 10000)\nreturn []",
    )
    await using lab = await start({
      own,
      buffers: { request: 65_536, response: 300_000, responseTotal: 300_000 },
    })
    expect((await fetchRaw(lab.url, '/lab/')).complete).toBe(false)
    const record = await lab.waitForRecord(/write\(\) has buffered more than 300000 bytes/)
    expect(record.message).toContain('threads: 1 or more')
  })

  test('write() within the buffer works', async () => {
    const own = application(
      "write = start_response('200 OK', [])\nfor _ in range(300):\n    write(b'x' * 10000)\nreturn [b'end']",
    )
    await using lab = await start({ own })
    const response = await fetchRaw(lab.url, '/lab/')
    expect([response.complete, response.body.length]).toEqual([true, 3_000_003])
  })

  test('an application without `multithread` gets one request at a time', async () => {
    const serial = labApplication({ name: 'serial', multithread: false })
    await using lab = await start({ applications: [labApplication(), serial] })
    const connection = await openRaw(lab.url)
    connection.pause()
    connection.send(formatRequest({ target: '/serial/stream?n=1000&size=10000&key=first' }))
    await pollUntil(() => lab.exchanges[0]?.response.begun || undefined, 'the response to begin')
    const second = fetchRaw(lab.url, '/serial/note?n=second')
    expect((await fetchRaw(lab.url, '/lab/hello')).text).toBe('hello')
    expect(lab.journal()).toEqual([])
    connection.resume()
    await connection.readFinalResponse()
    connection.destroy()
    await second
    expect(lab.journal()).toEqual(['close-first', 'second'])
  })
})

describe('WSGI on Node’s thread: life', () => {
  test('starts and stops again and again', async () => {
    for (let i = 0; i < 5; i++) {
      await using lab = await start({
        own: application(`start_response('200 OK', [])\nreturn [b'${i}']`),
      })
      expect((await fetchRaw(lab.url, '/lab/')).text).toBe(String(i))
    }
  })

  test('reload uses new code, and streams finish on the old code', async () => {
    const source = (text: string): string =>
      application(`start_response('200 OK', [])\nreturn (b'${text}' * 5000 for _ in range(1000))`)
    await using lab = await start({ own: source('a') })
    const connection = await openRaw(lab.url)
    connection.pause()
    connection.send(formatRequest({ target: '/lab/' }))
    await pollUntil(() => lab.exchanges[0]?.response.begun || undefined, 'the response to begin')
    lab.writeOwn(source('b'))
    await lab.backend.reload()
    const fresh = await fetchRaw(lab.url, '/lab/')
    expect(fresh.text.startsWith('b')).toBe(true)
    connection.resume()
    const old = await connection.readFinalResponse()
    expect([old.complete, old.body.length, old.text.includes('b')]).toEqual([
      true,
      5_000_000,
      false,
    ])
    connection.destroy()
  })

  test('a stop aborts responses that a client does not read', async () => {
    const lab = await start({ timeouts: { shutdown: 300 } })
    const connection = await openRaw(lab.url)
    connection.pause()
    connection.send(formatRequest({ target: '/lab/stream?n=10000&size=10000&key=cut' }))
    await pollUntil(() => lab.exchanges[0]?.response.begun || undefined, 'the response to begin')
    await lab.backend.stop()
    expect(lab.journal()).toEqual(['close-cut'])
    connection.destroy()
    await lab[Symbol.asyncDispose]()
  })
})
