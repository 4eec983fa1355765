import { describe, expect, test } from 'vitest'

import type { BackendFactory, BackendLab, LabOptions } from '../support/backend-lab.ts'
import { labScripts, startLab } from '../support/backend-lab.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil } from '../support/raw-client.ts'
import { testExchanges } from './exchanges.ts'

/** A script that changes what it was given. */
const SPOILING = `
import os, sys
text = repr(sorted((key, value) for key, value in os.environ.items() if key != "REMOTE_PORT"))
text += repr([sys.argv, sorted(globals()), sys.stdin.read()])
for key in list(os.environ):
    os.environ[key] = "spoilt"
sys.argv[:] = ["spoilt"]
__builtins__["spoilt"] = spoilt = True
print("Content-Type: text/plain\\n")
print(text, end="")
`

const answer = (text: string): string => `print("Content-Type: text/plain\\n")\nprint("${text}")\n`

/** Tests of folders of scripts for every backend. Each backend's test file calls it once. */
export function describeScripts(name: string, createBackend: BackendFactory): void {
  const start = (options?: LabOptions): Promise<BackendLab> =>
    startLab(createBackend, { applications: [labScripts()], ...options })

  describe(`${name}: scripts`, () => {
    testExchanges(start, SPOILING)

    test('a script learns that its client disconnected during an upload', async () => {
      await using lab = await start()
      const connection = await openRaw(lab.url)
      connection.send('POST /lab/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n')
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
      const response = await fetchRaw(lab.url, target)
      expect([response.status, response.complete, response.body.length]).toEqual([200, true, size])
    })

    test('a script ends when its client disconnects during a download', async () => {
      await using lab = await start({ threads: 1 })
      const connection = await openRaw(lab.url)
      connection.send(formatRequest({ target: '/lab/stream?n=10000000&size=10000&key=left' }))
      await connection.waitUntil(() => connection.received > 100_000, 'some of the body')
      connection.destroy()
      await lab.waitForEntry('end-left')
      expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(200)
    })

    test('stops reading beyond the buffer for a slow client, and sends everything later', async () => {
      await using lab = await start({
        threads: 1,
        buffers: { request: 65_536, response: 300_000, responseTotal: 300_000 },
      })
      const connection = await openRaw(lab.url)
      connection.pause()
      connection.send(formatRequest({ target: '/lab/stream?n=2000&size=10000&key=held' }))
      await pollUntil(() => lab.exchanges[0]?.response.begun || undefined, 'the response to begin')
      const other = fetchRaw(lab.url, '/lab/hello')
      await pollUntil(
        () => (lab.exchanges[0]?.response.pending ?? 0) >= 300_000 || undefined,
        'the buffer to be full',
      )
      expect(lab.exchanges[0]?.response.pending).toBeLessThan(1_500_000)
      expect(lab.journal()).toEqual([])
      connection.resume()
      expect((await connection.readFinalResponse()).body.length).toBe(20_000_000)
      expect((await other).text).toBe('hello')
      connection.destroy()
    })

    test('runs as many at once as there are threads', async () => {
      await using lab = await start({ threads: 2 })
      const waiting = [fetchRaw(lab.url, '/lab/gate?name=g'), fetchRaw(lab.url, '/lab/gate?name=g')]
      await lab.waitForEntry('gate-g', 2)
      expect(lab.backend.capacity).toEqual({ idle: 0, total: 2 })
      const third = fetchRaw(lab.url, '/lab/note?n=third')
      lab.openGate('g')
      for (const response of await Promise.all(waiting)) expect(response.text).toBe('through')
      expect((await third).text).toBe('noted')
    })

    test('a script that takes too long gets 504 and is interrupted', async () => {
      await using lab = await start({ threads: 1, timeouts: { request: 300 } })
      expect((await fetchRaw(lab.url, '/lab/gate?name=never')).status).toBe(504)
      const { fields } = await lab.waitForRecord(/^request \S+ \(GET \/lab\/gate\) .* was ended/)
      expect(fields['traceback']).toMatch(/^Stack \(most recent call last\):[^]*lab\.py/)
      expect(fields['traceback']).not.toMatch(/python\/taipan/)
      expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(200)
    })

    test('a changed script is seen at the next request, without a reload', async () => {
      await using lab = await start({ own: answer('old') })
      expect((await fetchRaw(lab.url, '/lab')).text).toBe('old\n')
      for (const text of ['new', 'newer', 'last']) {
        lab.write('lab.py', answer(text))
        expect((await fetchRaw(lab.url, '/lab')).text).toBe(`${text}\n`)
      }
    })

    test('simultaneous first requests run one compiled script', async () => {
      await using lab = await start({ threads: 4, own: answer('first') })
      const all = await Promise.all(Array.from({ length: 12 }, () => fetchRaw(lab.url, '/lab')))
      expect(all.map(({ text }) => text)).toEqual(all.map(() => 'first\n'))
    })

    test('a stop lets scripts finish, and does not wait longer than allowed', async () => {
      await using lab = await start({ threads: 1, timeouts: { shutdown: 300 } })
      const stuck = fetchRaw(lab.url, '/lab/stuck')
      await lab.waitForEntry('stuck')
      await lab.backend.stop()
      expect((await stuck).status).toBe(503)
    })
  })
}
