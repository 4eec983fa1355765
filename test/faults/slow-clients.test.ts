import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import {
  fetchRaw,
  formatRequest,
  openRaw,
  sleep,
  type RawConnection,
} from '../support/raw-client.ts'
import { startFaultLab, type FaultLab } from './fault-lab.ts'

let lab: FaultLab
const open: RawConnection[] = []

beforeAll(async () => {
  // Default processes and threads, as promised.
  lab = await startFaultLab(['--no-access-log'])
})

afterAll(async () => {
  for (const connection of open) connection.destroy()
  await lab.stop()
})

async function hold(bytes: string): Promise<RawConnection> {
  const connection = await openRaw(lab.url)
  open.push(connection)
  connection.send(bytes)
  return connection
}

async function others(count = 50): Promise<void> {
  for (let n = 0; n < count; n++) {
    const response = await fetchRaw(lab.url, `/work?n=${n}`)
    expect([response.status, response.text.split(' ')[0]]).toEqual([200, String(n)])
  }
}

describe('slow clients do not block others', () => {
  test('100 in headers', async () => {
    for (let i = 0; i < 100; i++) await hold('GET /pid HTTP/1.1\r\nHost: a\r\nX: ')
    await others()
  })

  test('100 idle', async () => {
    for (let i = 0; i < 100; i++) {
      const connection = await hold(
        i % 2 === 0 ? '' : formatRequest({ target: '/pid' }).toString('latin1'),
      )
      if (i % 2 === 1) expect((await connection.readFinalResponse()).status).toBe(200)
    }
    await others()
  })

  test('50 in bodies', async () => {
    for (let i = 0; i < 50; i++) {
      await hold(
        i % 2 === 0
          ? 'POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\nhello'
          : 'POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
      )
    }
    await others()
  })

  test('20 not reading 10 MB', async () => {
    const slow: RawConnection[] = []
    for (let i = 0; i < 20; i++) {
      const connection = await openRaw(lab.url)
      open.push(connection)
      connection.pause()
      connection.send(
        formatRequest({
          target: i % 2 === 0 ? '/download?size=10485760' : '/one-block?size=10485760',
        }),
      )
      slow.push(connection)
    }
    await sleep(300)
    await others()
    // They get everything when they read.
    for (const connection of slow.slice(0, 4)) {
      connection.resume()
      const response = await connection.readFinalResponse()
      expect([response.status, response.body.length, response.complete]).toEqual([
        200,
        10_485_760,
        true,
      ])
    }
  })

  test('all of them at once', async () => {
    expect(open.filter((connection) => !connection.ended).length).toBeGreaterThan(200)
    await others()
    const finishing = open.find((connection) => connection.received === 0 && !connection.ended)
    expect(finishing).toBeDefined()
  })

  test('a slow sender is served when its body has arrived', async () => {
    const connection = await hold('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n')
    for (let i = 0; i < 20; i++) {
      connection.send('x')
      await sleep(3)
    }
    expect((await connection.readFinalResponse('POST')).text).toBe('20')
  })
})
