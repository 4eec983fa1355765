import { readFileSync } from 'node:fs'
import path from 'node:path'

import { describe, expect, test } from 'vitest'

import type { BackendFactory, BackendLab, LabOptions } from '../support/backend-lab.ts'
import { labApplication, openLab, startLab } from '../support/backend-lab.ts'
import { SPOILING } from '../support/one-connection.ts'
import type { RawConnection } from '../support/raw-client.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil } from '../support/raw-client.ts'
import { waitForText } from './asgi-labs.ts'
import { testBlocks } from './blocks.ts'
import { testBodies } from './bodies.ts'
import { testExchanges } from './exchanges.ts'
import { testStopping } from './stopping.ts'
import { testThreads } from './threads.ts'

const SERIAL = labApplication({
  name: 'serial',
  target: 'backend_lab.py:serial',
  multithread: false,
})

function answer(text: string): string {
  return `def application(environ, start_response):\n    start_response("200 OK", [])\n    return [b"${text}"]\n`
}

const FAILING = 'raise LookupError("not today")\n'

/** Tests for every backend. Each backend's test file calls it once. */
export function describeBackend(name: string, createBackend: BackendFactory): void {
  const start = (options?: LabOptions): Promise<BackendLab> => startLab(createBackend, options)

  describe(`${name}: requests`, () => {
    testExchanges(start, SPOILING)
    testBodies(start)
    testThreads(start)
    testStopping(start)

    test('gives the application its environ', async () => {
      await using lab = await start()
      const headers = [['X-Two', 'é']] as const
      const response = await fetchRaw(lab.url, { target: '/lab/environ/a?b=c', headers })
      expect(JSON.parse(response.text)).toMatchObject({
        REQUEST_METHOD: 'GET',
        SCRIPT_NAME: '/lab',
        PATH_INFO: '/environ/a',
        QUERY_STRING: 'b=c',
        REQUEST_URI: '/lab/environ/a?b=c',
        HTTP_X_TWO: 'é',
        HTTP_HOST: 'taipan.test',
        'wsgi.url_scheme': 'http',
        'wsgi.multithread': true,
        'wsgi.multiprocess': false,
        'wsgi.run_once': false,
        'taipan.request_id': lab.exchanges[0]?.id,
      })
    })
  })

  describe(`${name}: responses`, () => {
    testBlocks(start, { ways: ['iterates', 'writes'], waits: ['iterates', 'writes'] })

    test.each([0, 5_000_000])('passes the rest of a file from offset %i', async (from) => {
      await using lab = await start()
      const bytes = Buffer.alloc(5_000_123, '0123456789')
      lab.write('data.bin', bytes)
      const response = await fetchRaw(lab.url, `/lab/file?name=data.bin&from=${from}`)
      expect(response.complete).toBe(true)
      expect(response.body.equals(bytes.subarray(from))).toBe(true)
    })
  })

  describe(`${name}: scheduling`, () => {
    test('an application without `multithread` gets one request at a time and occupies no other thread', async () => {
      await using lab = await start({ threads: 3, applications: [labApplication(), SERIAL] })
      const held = Array.from({ length: 5 }, () => fetchRaw(lab.url, '/serial/gate?name=g'))
      await lab.waitForEntry('gate-g')
      for (let i = 0; i < 5; i++) expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(200)
      expect(lab.journal()).toEqual(['gate-g'])
      lab.openGate('g')
      const more = Array.from({ length: 5 }, () => fetchRaw(lab.url, '/serial/'))
      for (const response of await Promise.all([...held, ...more]))
        expect(response.text).toBe('1 False')
    })

    test('requests beyond the queue get 503 with Retry-After, the others are served in order', async () => {
      await using lab = await start({ threads: 1, queue: { limit: 3 } })
      const running = fetchRaw(lab.url, '/lab/gate?name=g')
      await lab.waitForEntry('gate-g')
      const sent: RawConnection[] = []
      for (let n = 0; n < 5; n++) {
        const connection = await openRaw(lab.url)
        connection.send(formatRequest({ target: `/lab/note?n=${n}` }))
        sent.push(connection)
        await pollUntil(() => lab.exchanges.length === n + 2 || undefined, 'the request to arrive')
      }
      for (const connection of sent.slice(3)) {
        const response = await connection.readFinalResponse()
        expect(response.status).toBe(503)
        expect(response.header('retry-after')).toMatch(/^\d+$/)
      }
      lab.openGate('g')
      expect((await running).text).toBe('through')
      for (const connection of sent.slice(0, 3))
        expect((await connection.readFinalResponse()).text).toBe('noted')
      expect(lab.journal()).toEqual(['gate-g', '0', '1', '2'])
      for (const connection of sent) connection.destroy()
    })

    test('a request that waits too long gets 504 and is not run; nor is one whose client disconnected', async () => {
      await using lab = await start({ threads: 1, queue: { timeout: 300 } })
      const running = fetchRaw(lab.url, '/lab/gate?name=g')
      await lab.waitForEntry('gate-g')
      const leaving = await openRaw(lab.url)
      leaving.send(formatRequest({ target: '/lab/note?n=left' }))
      const late = fetchRaw(lab.url, '/lab/note?n=late')
      await pollUntil(() => lab.exchanges.length === 3 || undefined, 'the requests to arrive')
      leaving.reset()
      expect((await late).status).toBe(504)
      lab.openGate('g')
      expect((await running).text).toBe('through')
      expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(200)
      expect(lab.journal()).toEqual(['gate-g'])
    })

    test('notes who answered and how long it took', async () => {
      await using lab = await start()
      await fetchRaw(lab.url, '/lab/hello')
      const notes = lab.exchanges[0]?.notes
      expect(notes?.answeredBy).toBe('lab')
      expect(notes?.worker).toMatch(/^web\/\d+$/)
      expect(notes?.queued).toBeGreaterThanOrEqual(0)
      expect(notes?.python).toBeGreaterThan(0)
    })

    test('answers 500 when the application is unknown', async () => {
      await using lab = await start()
      expect((await fetchRaw(lab.url, '/nobody/hello')).status).toBe(500)
    })
  })

  describe(`${name}: life`, () => {
    const open = (options?: LabOptions): Promise<BackendLab> => openLab(createBackend, options)

    test('requests wait while it starts', async () => {
      await using lab = await open({ own: `import time\ntime.sleep(0.5)\n${answer('late')}` })
      const starting = lab.backend.start()
      expect((await fetchRaw(lab.url, '/lab/')).text).toBe('late')
      await starting
    })

    test('start rejects with the traceback when the application cannot be loaded', async () => {
      await using lab = await open({ own: FAILING })
      const error: unknown = await lab.backend.start().catch((error: unknown) => error)
      expect(error).toMatchObject({
        code: 'APPLICATION_LOAD',
        message: expect.stringContaining('LookupError: not today'),
        cause: expect.stringMatching(/Traceback[\s\S]*own\.py[\s\S]*LookupError: not today/),
      })
      expect(lab.records.filter(({ level }) => level === 'error')).toEqual([])
    })

    test('with `startAnyway` a load failure is logged once, answered with 503, and fixed by a reload', async () => {
      const own = `open(__file__ + ".loads", "a").write("x")\n${FAILING}`
      await using lab = await start({ own, startAnyway: true })
      for (let i = 0; i < 3; i++) {
        const response = await fetchRaw(lab.url, '/lab/')
        expect(response.status).toBe(503)
        expect(response.header('retry-after')).toMatch(/^\d+$/)
        expect(response.text).not.toContain('LookupError')
      }
      const countLoads = (): number => readFileSync(path.join(lab.folder, 'own.py.loads')).length
      await pollUntil(() => countLoads() > 2 || undefined, 'attempts that say nothing')
      const failures = lab.records.filter(({ level }) => level === 'error')
      expect(failures).toHaveLength(1)
      expect(failures[0]?.fields['traceback']).toContain('LookupError: not today')
      lab.writeOwn(answer('fixed'))
      await lab.backend.reload()
      expect((await fetchRaw(lab.url, '/lab/')).text).toBe('fixed')
    })

    test('a load failure is shown to the client in development', async () => {
      await using lab = await start({ own: FAILING, startAnyway: true, dev: true })
      expect((await fetchRaw(lab.url, '/lab/')).text).toContain('LookupError: not today')
    })

    test('one broken application among several is answered with 503, logged once and retried', async () => {
      const own = `open(__file__ + ".loads", "a").write("x")\n${FAILING}`
      await using lab = await start({ own, besides: [labApplication({ name: 'good' })] })
      expect((await fetchRaw(lab.url, '/good/hello')).text).toBe('hello')
      for (let i = 0; i < 50; i++) {
        const response = await fetchRaw(lab.url, '/lab/')
        expect([response.status, response.text]).toEqual([503, 'Service Unavailable\n'])
        expect(response.header('retry-after')).toMatch(/^\d+$/)
      }
      expect(readFileSync(path.join(lab.folder, 'own.py.loads')).length).toBeLessThan(20)
      const failures = lab.records.filter(({ level }) => level === 'error')
      expect(failures).toHaveLength(1)
      expect(failures[0]?.message).toContain('application lab could not be loaded')
      expect(failures[0]?.fields['traceback']).toContain('LookupError: not today')
      lab.writeOwn(answer('fixed'))
      await waitForText(lab, '/lab/', 'fixed')
      expect((await fetchRaw(lab.url, '/good/hello')).text).toBe('hello')
      // The worker tells it on another channel than it answers.
      await expect
        .poll(() => lab.backend.findings?.applications.map(({ failure }) => failure))
        .toEqual(['', ''])
    })

    test('a start rejects when none of several applications can be loaded', async () => {
      const broken = labApplication({ name: 'broken', target: 'no_such_module:app' })
      await using lab = await open({ own: FAILING, besides: [broken] })
      await expect(lab.backend.start()).rejects.toMatchObject({
        code: 'APPLICATION_LOAD',
        message: expect.stringContaining('LookupError: not today'),
      })
    })

    test('a reload does not replace working applications by broken ones, except those that were broken', async () => {
      const broken = labApplication({ name: 'broken', target: 'no_such_module:app' })
      await using lab = await start({ own: answer('old'), besides: [broken] })
      lab.writeOwn(answer('new'))
      await lab.backend.reload()
      expect((await fetchRaw(lab.url, '/lab/')).text).toBe('new')
      expect((await fetchRaw(lab.url, '/broken/')).status).toBe(503)
      lab.writeOwn(FAILING)
      await expect(lab.backend.reload()).rejects.toMatchObject({
        code: 'APPLICATION_LOAD',
        message: expect.stringContaining('application lab could not be loaded'),
      })
      expect((await fetchRaw(lab.url, '/lab/')).text).toBe('new')
    })

    test('reload uses new code, and no request is refused meanwhile', async () => {
      await using lab = await start({ own: answer('old') })
      lab.writeOwn(answer('new'))
      const reloading = lab.backend.reload()
      const texts: string[] = []
      const done = reloading.then(() => texts.push('new'))
      while (texts.at(-1) !== 'new') texts.push((await fetchRaw(lab.url, '/lab/')).text)
      await done
      expect(texts.filter((text) => text !== 'old' && text !== 'new')).toEqual([])
      expect((await fetchRaw(lab.url, '/lab/')).text).toBe('new')
    })

    test('a reload that fails rejects and keeps the old code', async () => {
      await using lab = await start({ own: answer('old') })
      lab.writeOwn('raise LookupError("half done")\n')
      await expect(lab.backend.reload()).rejects.toMatchObject({ code: 'APPLICATION_LOAD' })
      expect((await fetchRaw(lab.url, '/lab/')).text).toBe('old')
      expect(lab.backend.capacity).toEqual({ idle: 2, total: 2 })
    })

    test('simultaneous reloads end with the newest code', async () => {
      await using lab = await start({ own: answer('first') })
      const one = lab.backend.reload()
      lab.writeOwn(answer('last'))
      await Promise.all([one, lab.backend.reload(), lab.backend.reload()])
      expect((await fetchRaw(lab.url, '/lab/')).text).toBe('last')
    })

    test('a reload interrupted by a stop says so, and nothing has failed', async () => {
      await using lab = await start()
      const reloading = lab.backend.reload().catch((error: unknown) => error)
      await lab.backend.stop()
      expect(await reloading).toMatchObject({ code: 'STOPPING' })
      expect(lab.records.filter(({ level }) => level === 'error')).toEqual([])
    })

    test('running requests finish on the old code during a reload', async () => {
      await using lab = await start()
      const running = fetchRaw(lab.url, '/lab/gate?name=g')
      await lab.waitForEntry('gate-g')
      await lab.backend.reload()
      expect((await fetchRaw(lab.url, '/lab/hello')).text).toBe('hello')
      lab.openGate('g')
      expect((await running).text).toBe('through')
    })

    test('stop lets requests finish, waiting ones too, and refuses new ones', async () => {
      await using lab = await start({ threads: 1 })
      const running = fetchRaw(lab.url, '/lab/gate?name=g')
      await lab.waitForEntry('gate-g')
      const waiting = fetchRaw(lab.url, '/lab/hello')
      await pollUntil(() => lab.exchanges.length === 2 || undefined, 'the request to arrive')
      const stopping = lab.backend.stop()
      expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(503)
      lab.openGate('g')
      expect((await running).text).toBe('through')
      expect((await waiting).text).toBe('hello')
      await stopping
      await lab.backend.stop()
      expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(503)
    })

    test('stop before start and during start ends it', async () => {
      await using never = await open()
      await never.backend.stop()
      await using lab = await open({ own: `import time\ntime.sleep(5)\n${answer('late')}` })
      const starting = lab.backend.start().catch((error: unknown) => error)
      await lab.backend.stop()
      expect(await starting).toMatchObject({ code: 'STOPPING' })
    })
  })
}
