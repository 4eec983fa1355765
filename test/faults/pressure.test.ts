import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterEach, describe, expect, test } from 'vitest'

import {
  fetchRaw,
  formatChunk,
  formatRequest,
  openRaw,
  pollUntil,
  sleep,
  type RawConnection,
} from '../support/raw-client.ts'
import { isRunning, labConfig, startFaultLab, type FaultLab } from './fault-lab.ts'

let lab: FaultLab | undefined
const open: RawConnection[] = []

afterEach(async () => {
  for (const connection of open.splice(0)) connection.destroy()
  await lab?.stop()
  lab = undefined
})

async function start(...args: Parameters<typeof startFaultLab>): Promise<FaultLab> {
  lab = await startFaultLab(...args)
  return lab
}

async function hold(url: string): Promise<RawConnection> {
  const connection = await openRaw(url)
  open.push(connection)
  return connection
}

async function expectService(url: string, count = 50): Promise<void> {
  for (let n = 0; n < count; n++) {
    const response = await fetchRaw(url, `/work?n=${n}`)
    expect([response.status, response.text.split(' ')[0]]).toEqual([200, String(n)])
  }
}

describe('large slow bodies, with default threads', () => {
  test.each([
    ['that stalled at once', 1000],
    ['that stalled within the buffer', 300_000],
    ['that stalled shortly before the end of the buffer', 900_000],
  ])('50 uploads of 10 MB %s do not block others', async (_name, sent) => {
    const { url } = await start(['--no-access-log'])
    for (let i = 0; i < 50; i++) {
      const connection = await hold(url)
      if (i % 2 === 0) {
        connection.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10485760\r\n\r\n')
        connection.send(Buffer.alloc(sent, 'u'))
      } else {
        connection.send('POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
        connection.send(formatChunk(Buffer.alloc(sent, 'u')))
      }
    }
    await sleep(300)
    await expectService(url)
    // One that continues is served in the end.
    const connection = open[0]
    await connection?.sendAll(Buffer.alloc(10_485_760 - sent, 'u'))
    expect((await connection?.readFinalResponse('POST'))?.text).toBe('10485760')
  })

  test('20 clients that do not read 10 MB files do not block others', async () => {
    const { url, folder } = await start(['--no-access-log'])
    await writeFile(join(folder, 'ten.bin'), Buffer.alloc(10 << 20, 'f'))
    for (let i = 0; i < 20; i++) {
      const connection = await hold(url)
      connection.pause()
      connection.send(
        formatRequest({
          target: i % 2 === 0 ? '/file?name=ten.bin' : '/download?size=10485760&sized=0',
        }),
      )
    }
    await sleep(300)
    await expectService(url)
    for (const connection of open.slice(0, 4)) {
      connection.resume()
      const response = await connection.readFinalResponse()
      expect([response.status, response.body.length, response.complete]).toEqual([
        200,
        10_485_760,
        true,
      ])
    }
  })
})

describe('a worker that does not answer', () => {
  test('a stopped one is replaced, and its requests get 502', async () => {
    const { url } = await start([], { config: labConfig({ timeouts: { ping: '700ms' } }) })
    const first = await askForPid(url)
    process.kill(first, 'SIGSTOP')
    const stuck = await hold(url)
    stuck.send(formatRequest({ target: '/pid' }))
    const response = await stuck.readFinalResponse()
    expect([200, 502, 504]).toContain(response.status)
    await expectService(url, 10)
    await pollUntil(async () => ((await isRunning(first)) ? undefined : true), 'its end')
  })

  test('a thread that holds the GIL for a while costs no answer', async () => {
    const { url } = await start(['-p', '2', '-t', '2', '--no-access-log'])
    const hogs = Array.from({ length: 2 }, () => fetchRaw(url, '/hog?n=1500000'))
    await expectService(url, 20)
    for (const hog of await Promise.all(hogs)) expect(hog.text).toBe('hogged')
  })
})

describe('without losing a request', () => {
  test('three reloads while requests run', async () => {
    const running = await start(['-p', '2', '-t', '2', '--no-access-log'])
    const { url } = running
    const { server } = await running.pids()
    const wrong: string[] = []
    const run = { on: true }
    const client = async (): Promise<number> => {
      let answered = 0
      let connection = await hold(url)
      for (let i = 0; i < 20_000 && run.on; i++) {
        connection.send(formatRequest({ target: `/work?n=${i}` }))
        const response = await connection.readFinalResponse()
        if (response.status !== 200 || response.text.split(' ')[0] !== String(i))
          wrong.push(`${response.status} ${response.text}`)
        answered += 1
        if (/close/.test(response.header('connection') ?? '')) connection = await hold(url)
      }
      return answered
    }
    const clients = Array.from({ length: 6 }, () => client())
    for (let round = 1; round <= 3; round++) {
      process.kill(server, 'SIGHUP')
      await pollUntil(
        async () => ((await running.boots()).length >= 2 + 2 * round ? true : undefined),
        `reload ${round}`,
      )
      await sleep(300)
    }
    run.on = false
    const answered = (await Promise.all(clients)).reduce((sum, count) => sum + count, 0)
    expect(wrong).toEqual([])
    expect(answered).toBeGreaterThan(100)
  }, 60_000)

  test('a stop while requests run: every answer that begins is complete', async () => {
    const running = await start(['-p', '2', '-t', '2', '--no-access-log'])
    const { url } = running
    const outcomes = { whole: 0, refused: 0, cut: 0 }
    const client = async (): Promise<void> => {
      for (let i = 0; i < 20_000; i++) {
        const response = await fetchRaw(url, '/download?size=200000').catch(() => undefined)
        if (response === undefined) return
        if (response.status === 503) outcomes.refused += 1
        else if (response.complete && response.body.length === 200_000) outcomes.whole += 1
        else outcomes.cut += 1
      }
    }
    const clients = Array.from({ length: 6 }, () => client())
    await sleep(400)
    await running.taipan.stop()
    await Promise.all(clients)
    expect(outcomes.cut).toBe(0)
    expect(outcomes.whole).toBeGreaterThan(10)
  }, 60_000)

  test('closed descriptors in one thread: other requests of that worker fail visibly or are correct', async () => {
    const running = await start(['-p', '2', '-t', '4', '--no-access-log'])
    const { url } = running
    for (let round = 0; round < 3; round++) {
      const others = Array.from({ length: 40 }, (_, n) =>
        fetchRaw(url, `/work?n=${n}`).then(
          (response) => response,
          () => undefined,
        ),
      )
      await fetchRaw(url, '/close-descriptors').catch(() => undefined)
      for (const [n, response] of (await Promise.all(others)).entries()) {
        if (response === undefined || response.status === 502 || !response.complete) continue
        expect([response.status, response.text.split(' ')[0]]).toEqual([200, String(n)])
      }
      await expectService(url, 20)
    }
  })
})

/** Pid of the worker. */
async function askForPid(url: string): Promise<number> {
  const [pid] = (await fetchRaw(url, '/pid')).text.split(' ')
  return Number(pid)
}
