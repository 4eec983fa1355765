import { describe, expect, test } from 'vitest'

import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import type { BackendLab, LabOptions } from '../../support/backend-lab.ts'
import { startLab } from '../../support/backend-lab.ts'
import { fetchRaw, pollUntil } from '../../support/raw-client.ts'

const SCALING = { min: 0, max: 3, idle: 400 }

const start = (options: LabOptions = {}): Promise<BackendLab> =>
  startLab(createDaemonBackend, { scaling: SCALING, threads: 1, ...options })

/** The wanted numbers of workers, as the log tells them. */
function listSizes({ records }: BackendLab): number[] {
  const scaled = records.filter(({ message }) => message.startsWith('group web: '))
  return scaled.map(({ fields }) => Number(fields['processes']))
}

async function waitForSize(lab: BackendLab, size: number): Promise<void> {
  await pollUntil(() => lab.backend.size === size || undefined, `${size} workers`)
}

describe('a group that is scaled by its load', () => {
  test('gets workers while requests wait, loses them when they are idle, and wakes', async () => {
    await using lab = await start()
    const held = Array.from({ length: 6 }, () => fetchRaw(lab.url, '/lab/gate?name=open'))
    await waitForSize(lab, 3)
    await lab.waitForEntry('gate-open', 3)
    expect(Math.max(...listSizes(lab))).toBe(3)
    expect(lab.backend.status).toMatchObject({ wanted: 3, min: 0, max: 3 })
    lab.openGate('open')
    for (const response of await Promise.all(held)) expect(response.text).toBe('through')
    await waitForSize(lab, 0)
    const response = await fetchRaw(lab.url, '/lab/hello')
    expect(response.text).toBe('hello')
    expect(lab.backend.failure).toBeUndefined()
  })

  test('shrinks without an end of a worker that has a request', async () => {
    await using lab = await start()
    const held = fetchRaw(lab.url, '/lab/gate?name=open')
    await lab.waitForEntry('gate-open')
    lab.backend.resize(3)
    await waitForSize(lab, 1)
    lab.openGate('open')
    expect((await held).text).toBe('through')
  })

  test('replaces a worker that dies, and is reloaded while it sleeps', async () => {
    await using lab = await start({
      own: 'def application(environ, start_response):\n    start_response("200 OK", [])\n    return [b"old"]\n',
    })
    await waitForSize(lab, 0)
    lab.writeOwn('raise SystemError("broken")')
    await expect(lab.backend.reload()).rejects.toThrow('SystemError')
    expect((await fetchRaw(lab.url, '/lab/')).status).toBe(503)
    lab.writeOwn(
      'def application(environ, start_response):\n    start_response("200 OK", [])\n    return [b"new"]\n',
    )
    await lab.backend.reload()
    expect((await fetchRaw(lab.url, '/lab/')).text).toBe('new')
    await waitForSize(lab, 0)
    expect((await fetchRaw(lab.url, '/lab/')).text).toBe('new')
  })

  test('counts what an event loop may have at the same time', async () => {
    await using lab = await start({
      concurrency: 2,
      own: `
import asyncio, os
async def application(scope, receive, send):
    assert scope["type"] == "http"
    while not os.path.exists(os.path.join(os.environ["LAB_FOLDER"], "open")):
        await asyncio.sleep(0.01)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
`,
    })
    const held = Array.from({ length: 6 }, () => fetchRaw(lab.url, '/lab/'))
    await waitForSize(lab, 3)
    await pollUntil(() => lab.backend.statistics.running === 6 || undefined, 'all to run')
    lab.openGate('open')
    const pids = (await Promise.all(held)).map(({ text }) => text)
    expect(new Set(pids).size).toBe(3)
    await waitForSize(lab, 0)
  })
})
