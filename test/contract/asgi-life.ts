import { describe, expect, test } from 'vitest'

import { labApplication } from '../support/backend-lab.ts'
import { fetchRaw, openRaw, pollUntil } from '../support/raw-client.ts'
import { formatHandshake, openWebSocket } from '../support/web-socket-client.ts'
import type { AsgiLabs } from './asgi-labs.ts'
import { testAsyncStopping } from './stopping.ts'
import { ASGI_LAB, asgiAnswer, fetchText, waitForText } from './asgi-labs.ts'

const ROOT = { scriptName: '', pathInfo: '/' } as const

/** Tests of scheduling, start and end of ASGI applications. */
export function describeAsgiLife(name: string, { start, open }: AsgiLabs): void {
  describe(`${name}: scheduling`, () => {
    test('runs many requests at once, and reports its capacity', async () => {
      await using lab = await start({ concurrency: 300 })
      expect(lab.backend.capacity).toEqual({ idle: 300, total: 300 })
      expect(lab.backend.gatheredBytes({ ...ROOT, application: 'lab' })).toBe(0)
      const waiting = Array.from({ length: 200 }, () => fetchRaw(lab.url, '/lab/gate?name=g'))
      await lab.waitForEntry('gate-g', 200)
      expect(lab.backend.capacity).toEqual({ idle: 100, total: 300 })
      lab.openGate('g')
      for (const response of await Promise.all(waiting)) expect(response.text).toBe('through')
      await pollUntil(() => lab.backend.capacity.idle === 300 || undefined, 'all streams to end')
    })

    test('beyond the limit requests wait, beyond the queue they get 503, and 504 after too long', async () => {
      await using lab = await start({ concurrency: 2, queue: { limit: 2, timeout: 1500 } })
      const running = [1, 2].map(() => fetchRaw(lab.url, '/lab/gate?name=g'))
      await lab.waitForEntry('gate-g', 2)
      const waiting = [1, 2].map(() => fetchRaw(lab.url, '/lab/hello'))
      await pollUntil(() => lab.exchanges.length === 4 || undefined, 'the requests to arrive')
      const refused = await fetchRaw(lab.url, '/lab/hello')
      expect(refused.status).toBe(503)
      expect(refused.header('retry-after')).toMatch(/^\d+$/)
      for (const response of await Promise.all(waiting)) expect(response.status).toBe(504)
      const third = fetchRaw(lab.url, '/lab/hello')
      lab.openGate('g')
      for (const response of await Promise.all(running)) expect(response.text).toBe('through')
      expect((await third).text).toBe('hello')
    })

    test('an application without `multithread` gets one request at a time', async () => {
      const SERIAL = labApplication({
        name: 'serial',
        target: 'asgi_lab.py:serial',
        multithread: false,
      })
      await using lab = await start({ applications: [ASGI_LAB, SERIAL] })
      const all = Array.from({ length: 8 }, () => fetchRaw(lab.url, '/serial/'))
      for (const response of await Promise.all(all)) expect(response.text).toBe('1')
    })

    test('WSGI and ASGI applications run in one group', async () => {
      const WSGI = labApplication({ name: 'wsgi', target: 'asgi_lab.py:wsgi' })
      await using lab = await start({ applications: [WSGI, ASGI_LAB] })
      expect(lab.backend.findings?.applications).toMatchObject([
        { name: 'wsgi', interface: 'wsgi' },
        { name: 'lab', interface: 'asgi' },
      ])
      const gates = [1, 2, 3, 4].map(() => fetchRaw(lab.url, '/lab/gate?name=g'))
      await lab.waitForEntry('gate-g', 4)
      for (let i = 0; i < 5; i++) expect(await fetchText(lab, '/wsgi/')).toBe('wsgi')
      lab.openGate('g')
      for (const response of await Promise.all(gates)) expect(response.text).toBe('through')
      expect([
        lab.backend.gatheredBytes({ ...ROOT, application: 'wsgi' }),
        lab.backend.gatheredBytes({ ...ROOT, application: 'lab' }),
      ]).toEqual([65_536, 0])
    })

    test('a request that takes too long gets 504 and is cancelled; others and WebSockets are not', async () => {
      await using lab = await start({ timeouts: { request: 400 } })
      using socket = await openWebSocket(lab.url, { target: '/lab/echo' })
      expect((await fetchRaw(lab.url, '/lab/forever')).status).toBe(504)
      await lab.waitForEntry('cancelled')
      const { level, fields } = await lab.waitForRecord(
        /^request \S+ \(GET \/lab\/forever\) of application lab was ended after \d+ ms/,
      )
      expect([level, fields['application'], fields['worker']]).toEqual([
        'warn',
        'lab',
        expect.stringMatching(/^web\/\d+$/),
      ])
      expect(fields['traceback']).toMatch(/^Stack \(most recent call last\):[^]*in do_forever\n/)
      socket.sendText('still')
      expect((await socket.readMessage()).payload.toString()).toBe('still')
      expect(await fetchText(lab, '/lab/hello')).toBe('hello')
    })

    test('so does a handshake without an answer', async () => {
      await using lab = await start({ timeouts: { request: 400 } })
      using connection = await openRaw(lab.url)
      connection.send(formatHandshake({ target: '/lab/undecided' }))
      expect((await connection.readFinalResponse()).status).toBe(504)
      await lab.waitForEntry('cancelled')
      expect(lab.records.filter(({ level }) => level === 'error')).toEqual([])
    })

    test('waiting for a slow client does not count as time of the application', async () => {
      await using lab = await start({ timeouts: { request: 300 } })
      using connection = await openRaw(lab.url)
      connection.send('POST /lab/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello')
      await new Promise((resolve) => {
        setTimeout(resolve, 900)
      })
      connection.send('hello')
      expect((await connection.readFinalResponse()).text).toBe('hellohello')
    })

    test('notes who answered and how long it took', async () => {
      await using lab = await start()
      await fetchRaw(lab.url, '/lab/hello')
      const notes = lab.exchanges[0]?.notes
      expect(notes?.answeredBy).toBe('lab')
      expect(notes?.worker).toMatch(/^web\/\d+/)
      expect(notes?.python).toBeGreaterThan(0)
    })
  })

  describe(`${name}: the end of a worker`, () => {
    testAsyncStopping(start)
  })

  describe(`${name}: lifespan`, () => {
    test('runs around all requests, and its state is copied for each', async () => {
      await using lab = await start()
      expect(lab.journal()).toEqual(['startup'])
      for (let i = 0; i < 2; i++)
        expect(await fetchText(lab, '/lab/state')).toBe('from the lifespan first')
      await lab.backend.stop()
      expect(lab.journal()).toEqual(['startup', 'shutdown'])
    })

    test('a failed startup is a load failure with its message', async () => {
      await using lab = await open()
      lab.openGate('fail-startup')
      const error: unknown = await lab.backend.start().catch((error: unknown) => error)
      expect(error).toMatchObject({
        code: 'APPLICATION_LOAD',
        message: expect.stringContaining('no database'),
      })
    })

    test.each([
      ['"no\\nmirror"', /startup failed: mirror$/, 'no\nmirror'],
      ['4', /startup failed: it called sys\.exit\(4\)$/, undefined],
    ])('sys.exit(%s) in a startup is a load failure', async (code, message, cause) => {
      const own = [
        'import sys',
        'async def application(scope, receive, send):',
        '    if scope["type"] == "lifespan":',
        '        await receive()',
        `        sys.exit(${code})`,
        '',
      ].join('\n')
      await using lab = await open({ own })
      const error: unknown = await lab.backend.start().catch((error: unknown) => error)
      expect(error).toMatchObject({
        code: 'APPLICATION_LOAD',
        message: expect.stringMatching(message),
        ...(cause !== undefined && { cause }),
      })
    })

    test('one whose startup fails among several is answered with 503, logged once and retried', async () => {
      const good = labApplication({ name: 'good', target: 'asgi_lab.py:no_lifespan' })
      await using lab = await open({ applications: [ASGI_LAB, good] })
      lab.openGate('fail-startup')
      await lab.backend.start()
      expect(await fetchText(lab, '/good/')).toBe('without')
      expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(503)
      const failures = lab.records.filter(({ level }) => level === 'error')
      expect(failures.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^application lab could not be loaded: .*no database$/),
      ])
      lab.closeGate('fail-startup')
      await waitForText(lab, '/lab/hello', 'hello')
      expect(await fetchText(lab, '/good/')).toBe('without')
      expect(lab.records.filter(({ level }) => level === 'error')).toHaveLength(1)
    })

    test('one that could not be imported is served on the loop once it can be', async () => {
      const good = labApplication({ name: 'good', target: 'backend_lab.py' })
      await using lab = await start({ own: 'raise LookupError("not today")\n', besides: [good] })
      expect((await fetchRaw(lab.url, '/lab/')).status).toBe(503)
      lab.writeOwn(asgiAnswer('fixed'))
      await waitForText(lab, '/lab/', 'fixed')
      expect(lab.backend.findings?.applications.map((one) => one.interface)).toEqual([
        'asgi',
        'wsgi',
      ])
    })

    test('an application that runs the loop while it is imported, and closes it, is served', async () => {
      const own = [
        'import asyncio',
        'loop = asyncio.get_event_loop()',
        'loop.run_until_complete(asyncio.sleep(0))',
        'loop.close()',
        'asyncio.run(asyncio.sleep(0))',
        'async def application(scope, receive, send):',
        '    if scope["type"] != "http":',
        '        raise RuntimeError("no lifespan")',
        '    await asyncio.sleep(0)',
        '    found = asyncio.get_event_loop_policy().get_event_loop()',
        '    body = b"served" if found is asyncio.get_running_loop() else b"another loop"',
        '    await send({"type": "http.response.start", "status": 200})',
        '    await send({"type": "http.response.body", "body": body})',
        '',
      ].join('\n')
      await using lab = await start({ own })
      expect(await fetchText(lab, '/lab/')).toBe('served')
    })

    test('an application without lifespan is served', async () => {
      const target = 'asgi_lab.py:no_lifespan'
      await using lab = await start({ applications: [labApplication({ target })] })
      expect(await fetchText(lab, '/lab/')).toBe('without')
    })

    test('shutdown comes after the last response', async () => {
      await using lab = await start()
      const running = fetchRaw(lab.url, '/lab/gate?name=g')
      await lab.waitForEntry('gate-g')
      const stopping = lab.backend.stop()
      expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(503)
      expect(lab.journal()).toEqual(['startup', 'gate-g'])
      lab.openGate('g')
      expect((await running).text).toBe('through')
      await stopping
      expect(lab.journal()).toEqual(['startup', 'gate-g', 'shutdown'])
    })
  })

  describe(`${name}: life`, () => {
    test('reload uses new code, and no request is refused meanwhile', async () => {
      await using lab = await start({ own: asgiAnswer('old') })
      lab.writeOwn(asgiAnswer('new'))
      const reloading = lab.backend.reload()
      const texts: string[] = []
      const done = reloading.then(() => texts.push('new'))
      while (texts.at(-1) !== 'new') texts.push(await fetchText(lab, '/lab/'))
      await done
      expect(texts.filter((seen) => seen !== 'old' && seen !== 'new')).toEqual([])
      expect(await fetchText(lab, '/lab/')).toBe('new')
    })

    test('running requests finish on the old code during a reload', async () => {
      await using lab = await start()
      const running = fetchRaw(lab.url, '/lab/gate?name=g')
      await lab.waitForEntry('gate-g')
      await lab.backend.reload()
      expect(await fetchText(lab, '/lab/hello')).toBe('hello')
      lab.openGate('g')
      expect((await running).text).toBe('through')
    })

    test('stop ends what does not end by itself, and closes suspended generators', async () => {
      await using lab = await start({ timeouts: { shutdown: 300 } })
      expect(await fetchText(lab, '/lab/generator')).toBe('1')
      const stuck = fetchRaw(lab.url, '/lab/forever')
      await lab.waitForEntry('forever')
      await lab.backend.stop()
      expect((await stuck).status).toBe(503)
      expect(lab.journal().toSorted()).toEqual(
        ['startup', 'forever', 'cancelled', 'generator-closed', 'shutdown'].toSorted(),
      )
    })

    test('stop does not wait forever for threads of the executor', async () => {
      await using lab = await start({ timeouts: { shutdown: 300 } })
      expect(await fetchText(lab, '/lab/hold')).toBe('held')
      await lab.waitForEntry('held')
      await lab.backend.stop()
      expect(lab.journal()).toEqual(['startup', 'held', 'shutdown'])
      expect(lab.records.filter(({ level }) => level === 'error')).toEqual([])
    })

    test('requests wait while it starts', async () => {
      const own = `import time\ntime.sleep(0.5)\n${asgiAnswer('late')}`
      await using lab = await open({ own })
      const starting = lab.backend.start()
      expect(await fetchText(lab, '/lab/')).toBe('late')
      await starting
    })
  })
}
