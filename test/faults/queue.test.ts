import { afterEach, describe, expect, test } from 'vitest'

import { formatRequest, openRaw, pollUntil, type RawConnection } from '../support/raw-client.ts'
import { labConfig, startFaultLab, type FaultLab } from './fault-lab.ts'

let lab: FaultLab | undefined
const open: RawConnection[] = []

afterEach(async () => {
  for (const connection of open.splice(0)) connection.destroy()
  await lab?.stop()
})

/** Sends a request on a new connection without reading the answer. */
async function ask(url: string, target: string): Promise<RawConnection> {
  const connection = await openRaw(url)
  open.push(connection)
  connection.send(formatRequest({ target }))
  return connection
}

describe('the queue', () => {
  test('beyond its limit requests get 503 with Retry-After, those within are answered in order', async () => {
    lab = await startFaultLab([], { config: labConfig({ queue: { limit: 3 } }) })
    const running = await ask(lab.url, '/gate?name=go')
    await lab.waitForEntry('gate-go')
    const sent: RawConnection[] = []
    for (let n = 0; n < 8; n++) {
      sent.push(await ask(lab.url, `/note?n=${n}`))
      await new Promise((resolve) => {
        setTimeout(resolve, 20)
      })
    }
    for (const refused of sent.slice(3)) {
      const response = await refused.readFinalResponse()
      expect([response.status, response.complete]).toEqual([503, true])
      expect(response.header('retry-after')).toMatch(/^[0-9]+$/)
    }
    await lab.openGate('go')
    expect((await running.readFinalResponse()).status).toBe(200)
    for (const waiting of sent.slice(0, 3))
      expect((await waiting.readFinalResponse()).text).toBe('noted')
    expect((await lab.journal()).map((entry) => entry.what)).toEqual(['gate-go', '0', '1', '2'])
  })

  test('a request that waits too long gets 504, and is never run', async () => {
    lab = await startFaultLab([], { config: labConfig({ queue: { limit: 10, timeout: '400ms' } }) })
    const running = await ask(lab.url, '/gate?name=go')
    await lab.waitForEntry('gate-go')
    const waiting = await ask(lab.url, '/note?n=late')
    expect((await waiting.readFinalResponse()).status).toBe(504)
    await lab.openGate('go')
    expect((await running.readFinalResponse()).status).toBe(200)
    expect((await lab.pids()).worker).toBeGreaterThan(0)
    expect((await lab.journal()).map((entry) => entry.what)).toEqual(['gate-go'])
  })

  test('200 requests wait by default, first in first out', async () => {
    lab = await startFaultLab(['-p', '1', '-t', '1', '--no-access-log'])
    const running = await ask(lab.url, '/gate?name=go')
    await lab.waitForEntry('gate-go')
    const waiting: RawConnection[] = []
    for (let n = 0; n < 200; n++) waiting.push(await ask(lab.url, `/note?n=${n}`))
    await lab.openGate('go')
    expect((await running.readFinalResponse()).status).toBe(200)
    for (const connection of waiting)
      expect((await connection.readFinalResponse()).text).toBe('noted')
    const order = (await lab.journal()).slice(1).map((entry) => Number(entry.what))
    expect(order).toHaveLength(200)
    // The kernel decides on the order of accepted connections, so neighbours in the queue may be swapped.
    expect(order.every((n, i) => Math.abs(n - i) < 20)).toBe(true)
  })

  test('a client that disconnects in the queue is not served', async () => {
    lab = await startFaultLab(['-p', '1', '-t', '1'])
    const running = await ask(lab.url, '/gate?name=go')
    await lab.waitForEntry('gate-go')
    const leaving = await Promise.all(
      Array.from({ length: 10 }, (_, n) => ask(String(lab?.url), `/note?n=gone${n}`)),
    )
    // A reset right after the request would look to Node like a half-close.
    await new Promise((resolve) => {
      setTimeout(resolve, 200)
    })
    // libuv reports a reset before the request was read as a half-close.
    await new Promise((resolve) => {
      setTimeout(resolve, 200)
    })
    for (const connection of leaving) connection.reset()
    const staying = await ask(lab.url, '/note?n=stayed')
    await new Promise((resolve) => {
      setTimeout(resolve, 200)
    })
    await lab.openGate('go')
    expect((await running.readFinalResponse()).status).toBe(200)
    expect((await staying.readFinalResponse()).text).toBe('noted')
    expect((await lab.journal()).map((entry) => entry.what)).toEqual(['gate-go', 'stayed'])
  })

  test('an application that never answers is aborted', async () => {
    lab = await startFaultLab([], { config: labConfig({ timeouts: { request: '500ms' } }) })
    const stuck = await ask(lab.url, '/gate?name=never')
    expect((await stuck.readFinalResponse()).status).toBe(504)
    const url = lab.url
    await pollUntil(async () => {
      const next = await ask(url, '/note?n=after')
      return (await next.readFinalResponse()).text === 'noted' ? true : undefined
    }, 'the thread, or another one, to serve again')
  })
})
