import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { fetchRaw, formatRequest, openRaw, pollUntil, sleep } from '../support/raw-client.ts'
import { countDescriptors, readMemory, startFaultLab, type FaultLab } from './fault-lab.ts'

const HUNDRED_MB = 100 * 1024 * 1024
/** Far below the size of the body, far above normal variation of the heap. */
const ALLOWED_MB = 60

let lab: FaultLab

beforeAll(async () => {
  lab = await startFaultLab(['-p', '1', '-t', '4', '--no-access-log'])
  await writeFile(join(lab.folder, 'large.bin'), Buffer.alloc(HUNDRED_MB, 'z'))
})

afterAll(async () => {
  await lab.stop()
})

describe.skipIf(process.platform !== 'linux')('memory stays constant', () => {
  async function grown(work: () => Promise<void>): Promise<{ server: number; worker: number }> {
    // Warm-up: the first large body enlarges the heap.
    expect((await fetchRaw(lab.url, '/download?size=1000000')).body.length).toBe(1_000_000)
    const pids = await lab.pids()
    const before = { server: await readMemory(pids.server), worker: await readMemory(pids.worker) }
    await work()
    expect(await lab.pids()).toEqual(pids)
    const after = { server: await readMemory(pids.server), worker: await readMemory(pids.worker) }
    return {
      server: after.server.peak - Math.max(before.server.resident, 0),
      worker: after.worker.peak - Math.max(before.worker.resident, 0),
    }
  }

  test.each(['Content-Length', 'chunks'])('for 100 MB up with %s', async (framing) => {
    const block = Buffer.alloc(1 << 20, 'u')
    const memory = await grown(async () => {
      using connection = await openRaw(lab.url)
      const line =
        framing === 'chunks' ? 'Transfer-Encoding: chunked' : `Content-Length: ${HUNDRED_MB}`
      connection.send(`POST /upload HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`)
      for (let i = 0; i < 100; i++) {
        if (framing === 'chunks') connection.send('100000\r\n')
        await connection.sendAll(block)
        if (framing === 'chunks') connection.send('\r\n')
      }
      if (framing === 'chunks') connection.send('0\r\n\r\n')
      expect((await connection.readFinalResponse('POST')).text).toBe(String(HUNDRED_MB))
    })
    expect(memory.server).toBeLessThan(ALLOWED_MB)
    expect(memory.worker).toBeLessThan(ALLOWED_MB)
  })

  test.each(['/download?sized=1', '/download?sized=0', '/file?name=large.bin'])(
    'for 100 MB down by %s',
    async (target) => {
      const memory = await grown(async () => {
        using connection = await openRaw(lab.url)
        connection.discard()
        connection.send(
          formatRequest({
            target: `${target}&size=${HUNDRED_MB}`,
            headers: [['Connection', 'close']],
          }),
        )
        await connection.waitForEnd()
        expect(connection.received).toBeGreaterThan(HUNDRED_MB)
        expect(connection.error).toBeUndefined()
      })
      expect(memory.server).toBeLessThan(ALLOWED_MB)
      expect(memory.worker).toBeLessThan(ALLOWED_MB)
    },
  )

  test('for 100 MB down to a client that reads slowly', async () => {
    const memory = await grown(async () => {
      using connection = await openRaw(lab.url)
      connection.discard()
      connection.send(
        formatRequest({
          target: `/download?size=${HUNDRED_MB}`,
          headers: [['Connection', 'close']],
        }),
      )
      for (let i = 0; i < 10; i++) {
        connection.pause()
        await sleep(30)
        connection.resume()
        await sleep(5)
      }
      await connection.waitForEnd()
      expect(connection.received).toBeGreaterThan(HUNDRED_MB)
    })
    expect(memory.server).toBeLessThan(ALLOWED_MB)
    expect(memory.worker).toBeLessThan(ALLOWED_MB)
  })
})

describe('clients that disconnect', () => {
  test('during an upload: wsgi.input raises, once', async () => {
    for (const how of ['leave', 'reset'] as const) {
      using connection = await openRaw(lab.url)
      await connection.sendAll(
        `POST /hold-upload?key=${how} HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n`,
      )
      await connection.sendAll(Buffer.alloc(4 << 20, 'u'))
      // A reset discards what the server has not read yet, maybe the request itself.
      await lab.waitForEntry(`reading-${how}`)
      if (how === 'leave') connection.destroy()
      else connection.reset()
      await lab.waitForEntry(`broken-${how}`)
    }
    const entries = (await lab.journal()).map((entry) => entry.what)
    expect(entries.filter((what) => what.startsWith('broken-'))).toHaveLength(2)
    expect(entries.filter((what) => what.startsWith('whole-'))).toEqual([])
  })

  test('during a download: close() is called once', async () => {
    for (const how of ['leave', 'reset', 'paused'] as const) {
      using connection = await openRaw(lab.url)
      connection.send(formatRequest({ target: `/download?size=${HUNDRED_MB}&key=${how}` }))
      await connection.waitUntil(() => connection.received > 1_000_000, 'the body')
      if (how === 'paused') {
        connection.pause()
        await sleep(100)
      }
      if (how === 'reset') connection.reset()
      else connection.destroy()
      await lab.waitForEntry(`close-${how}`)
    }
    await others()
    const closed = (await lab.journal())
      .map((entry) => entry.what)
      .filter((what) => /^close-(leave|reset|paused)$/.test(what))
    expect(closed.toSorted()).toEqual(['close-leave', 'close-paused', 'close-reset'])
  })

  test.skipIf(process.platform !== 'linux')('leave no descriptors open', async () => {
    await others()
    const pids = await lab.pids()
    const before = {
      server: await countDescriptors(pids.server),
      worker: await countDescriptors(pids.worker),
    }
    for (let i = 0; i < 20; i++) {
      await abandon('GET /first HT', 0)
      await abandon('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\nhello', 0)
      await abandon(
        formatRequest({ target: `/download?size=${HUNDRED_MB}` }).toString('latin1'),
        100_000,
      )
      await abandon(formatRequest({ target: '/file?name=large.bin' }).toString('latin1'), 100_000)
      await abandon(formatRequest({ target: '/pid' }).toString('latin1'), 0)
      await abandon('broken\r\n\r\n', 0)
    }
    await others()
    expect(await lab.pids()).toEqual(pids)
    await pollUntil(async () => {
      const server = await countDescriptors(pids.server)
      const worker = await countDescriptors(pids.worker)
      return server <= before.server + 1 && worker <= before.worker ? true : undefined
    }, 'the descriptors to be closed')
  })

  async function others(): Promise<void> {
    for (let n = 0; n < 20; n++) expect((await fetchRaw(lab.url, `/work?n=${n}`)).status).toBe(200)
  }

  async function abandon(bytes: string, received: number): Promise<void> {
    const connection = await openRaw(lab.url)
    await connection.sendAll(bytes)
    await connection.waitUntil(() => connection.received >= received, 'some bytes')
    connection.reset()
  }
})
