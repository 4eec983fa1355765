import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

import { describe, expect, test } from 'vitest'

import { createDaemonBackend } from '../../../src/backends/daemon/daemon-backend.ts'
import type { BackendLab, LabOptions } from '../../support/backend-lab.ts'
import { openLab, startLab } from '../../support/backend-lab.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil } from '../../support/raw-client.ts'

const start = (options?: LabOptions): Promise<BackendLab> => startLab(createDaemonBackend, options)

async function pidOf(lab: BackendLab): Promise<number> {
  return Number((await fetchRaw(lab.url, '/lab/pid')).text)
}

// The first thread of a killed process may have ended while other threads still read its sockets.
function isRunning(pid: number): boolean {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`)
    return tasks.some((task) => {
      const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8')
      return !/^State:\s+[ZX]/m.test(status)
    })
  } catch {
    return false
  }
}

async function waitForEnd(pid: number): Promise<void> {
  await pollUntil(() => !isRunning(pid) || undefined, `the end of ${pid}`)
}

const SPEAK = `
import os
def speak(path):
    if path.endswith("/none"):
        raise LookupError(path)
    os.write(2, f"descriptor {path}\\n".encode())
    print("marker", path)
    if path.endswith("/exit"):
        os._exit(3)
    raise LookupError(path)
`
const PRINTING = `${SPEAK}
def application(environ, start_response):
    speak(environ["SCRIPT_NAME"] + environ["PATH_INFO"])
`
const PRINTING_ASGI = `${SPEAK}
async def application(scope, receive, send):
    assert scope["type"] == "http"
    speak(scope["path"])
`

describe('a worker that dies', () => {
  test('its request gets 502, another takes over, and one record says how it ended', async () => {
    await using lab = await start()
    const pid = await pidOf(lab)
    const response = await fetchRaw(lab.url, '/lab/exit?code=3')
    expect([response.status, response.complete]).toEqual([502, true])
    expect(await pidOf(lab)).not.toBe(pid)
    const deaths = lab.records.filter(({ message }) => message.includes('ended with'))
    expect(deaths).toHaveLength(1)
    expect(deaths[0]).toMatchObject({
      level: 'error',
      message: `worker web/${pid} ended with exit code 3; it had 1 request`,
      fields: { exitCode: 3, signal: null, worker: `web/${pid}` },
    })
    expect(deaths[0]?.fields['requests']).toMatchObject([{ method: 'GET', path: '/lab/exit' }])
  })

  test.each([0, 1])(
    'the record has the last output, without that of finished requests, with %i loops',
    async (loops) => {
      await using lab = await start({ own: loops === 0 ? PRINTING : PRINTING_ASGI, threads: 1 })
      expect((await fetchRaw(lab.url, '/lab/raise')).status).toBe(500)
      for (const printed of [/LookupError/, /marker/, /descriptor/])
        await lab.waitForRecord(printed)
      // Output from the pipe may be read after the response, but not after this one.
      expect((await fetchRaw(lab.url, '/lab/none')).status).toBe(500)
      expect((await fetchRaw(lab.url, '/lab/exit')).status).toBe(502)
      const { fields } = await lab.waitForRecord(/ended with exit code 3/)
      const expected = ['marker /lab/exit', 'descriptor /lab/exit']
      expect(fields['lastOutput']).toEqual(expect.arrayContaining(expected))
      expect(fields['lastOutput']).toHaveLength(expected.length)
    },
  )

  test('after the head the connection is aborted', async () => {
    await using lab = await start()
    const response = await fetchRaw(lab.url, '/lab/exit-late')
    expect([response.status, response.text, response.complete]).toEqual([200, 'begun', false])
    expect((await fetchRaw(lab.url, '/lab/hello')).text).toBe('hello')
  })

  test('an idle worker that dies costs no request, with or without a body', async () => {
    await using lab = await start({ threads: 4 })
    for (let i = 0; i < 6; i++) {
      const pid = await pidOf(lab)
      process.kill(pid, 'SIGKILL')
      await waitForEnd(pid)
      const body = Buffer.alloc(i * 10_000, 'b')
      const response = await fetchRaw(lab.url, { method: 'POST', target: '/lab/echo', body })
      expect([response.status, response.body.length]).toEqual([200, body.length])
    }
  })

  test('under load only what its threads had begun fails, short requests that were pipelined do not', async () => {
    await using lab = await start({ threads: 2 })
    const kills = 10
    const killed = new Set<number>()
    const failures: number[] = []
    let sent = 0
    const client = async (): Promise<void> => {
      const connection = await openRaw(lab.url)
      while (sent < 4000 && !connection.ended) {
        sent++
        connection.send(formatRequest({ target: '/lab/pid' }))
        const { status, text } = await connection.readFinalResponse()
        if (status !== 200) failures.push(status)
        else if (
          sent > (killed.size + 1) * 350 &&
          killed.size < kills &&
          !killed.has(Number(text))
        ) {
          killed.add(Number(text))
          process.kill(Number(text), 'SIGKILL')
        }
      }
      connection.destroy()
    }
    await Promise.all(Array.from({ length: 16 }, client))
    expect(killed.size).toBe(kills)
    expect(failures.filter((status) => status !== 502)).toEqual([])
    expect(failures.length).toBeLessThanOrEqual(kills * 2)
  })

  test('a forked child that keeps the sockets open does not hide the death', async () => {
    await using lab = await start()
    const response = await fetchRaw(lab.url, '/lab/fork-and-exit')
    expect(response.status).toBe(502)
    const child = Number(readFileSync(path.join(lab.folder, 'child'), 'utf8'))
    expect(isRunning(child)).toBe(true)
    process.kill(child, 'SIGKILL')
    expect((await fetchRaw(lab.url, '/lab/hello')).text).toBe('hello')
  })

  test('an application that closes the sockets costs one worker', async () => {
    await using lab = await start()
    const pid = await pidOf(lab)
    const response = await fetchRaw(lab.url, '/lab/close-sockets')
    expect([200, 502]).toContain(response.status)
    expect(await pidOf(lab)).not.toBe(pid)
    await waitForEnd(pid)
    expect(lab.backend.capacity).toEqual({ idle: 2, total: 2 })
  })

  test('requests wait for the worker that replaces it', async () => {
    await using lab = await start({
      own: [
        'import os, time',
        'time.sleep(0.5)',
        'def application(environ, start_response):',
        '    start_response("200 OK", [])',
        '    return [str(os.getpid()).encode()]',
      ].join('\n'),
    })
    const pid = Number((await fetchRaw(lab.url, '/lab/')).text)
    process.kill(pid, 'SIGKILL')
    await waitForEnd(pid)
    const responses = await Promise.all(
      Array.from({ length: 20 }, () => fetchRaw(lab.url, '/lab/')),
    )
    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
  })

  test('a thread that cannot be interrupted costs its worker, whose other requests finish', async () => {
    await using lab = await start({ timeouts: { request: 400, shutdown: 300 } })
    const pid = await pidOf(lab)
    expect((await fetchRaw(lab.url, '/lab/stuck')).status).toBe(504)
    await lab.waitForRecord(/does not end request/)
    await pollUntil(async () => ((await pidOf(lab)) === pid ? undefined : true), 'another worker')
    await lab.backend.stop()
    expect(isRunning(pid)).toBe(false)
  })

  test('a worker that gets a stop signal from outside finishes its requests and is replaced', async () => {
    await using lab = await start()
    const pid = await pidOf(lab)
    const running = fetchRaw(lab.url, '/lab/gate?name=g')
    await lab.waitForEntry('gate-g')
    process.kill(pid, 'SIGTERM')
    await pollUntil(async () => ((await pidOf(lab)) === pid ? undefined : true), 'another worker')
    lab.openGate('g')
    expect((await running).text).toBe('through')
    await waitForEnd(pid)
  })

  test('a worker that is stopped by a signal is detected as silent and replaced', async () => {
    await using lab = await start({ timeouts: { ping: 600 } })
    const pid = await pidOf(lab)
    process.kill(pid, 'SIGSTOP')
    await lab.waitForRecord(/sent nothing for/)
    expect((await fetchRaw(lab.url, '/lab/hello')).status).toBe(200)
    await waitForEnd(pid)
  })
})

describe('an application that never loads', () => {
  test.each([
    ['import os; os._exit(3)', 'exit code 3'],
    ['import os; os._exit(0)', 'exit code 0'],
    ['import os; os.kill(os.getpid(), 9)', 'signal SIGKILL'],
  ])('`%s` at import is a load failure', async (own, end) => {
    await using lab = await openLab(createDaemonBackend, { own })
    const error: unknown = await lab.backend.start().catch((error: unknown) => error)
    expect(error).toMatchObject({
      code: 'APPLICATION_LOAD',
      message: expect.stringContaining(end),
    })
  })

  test('a start that takes too long is a load failure', async () => {
    const own = 'import time\ntime.sleep(30)\n'
    await using lab = await openLab(createDaemonBackend, { own, timeouts: { startup: 300 } })
    await expect(lab.backend.start()).rejects.toMatchObject({
      code: 'APPLICATION_LOAD',
      message: expect.stringContaining('300 ms'),
    })
  })

  test('the message names a Python that cannot be started', async () => {
    for (const [options, named] of [
      [{ python: '/no/such/python' }, '/no/such/python'],
      [{ python: '/etc/passwd' }, '/etc/passwd'],
      [{ directory: '/no/such/folder' }, '/no/such/folder'],
    ] as const) {
      await using lab = await openLab(createDaemonBackend, options)
      await expect(lab.backend.start()).rejects.toMatchObject({
        code: 'PYTHON_START',
        message: expect.stringContaining(named),
      })
    }
  })
})

test('what the application and its children print is logged with the worker', async () => {
  await using lab = await start()
  const pid = await pidOf(lab)
  expect((await fetchRaw(lab.url, '/lab/print')).text).toBe('printed')
  for (const text of ['printed to stdout', 'written to wsgi.errors', 'from a child', 'to stderr']) {
    const record = await lab.waitForRecord(new RegExp(`^${text}$`))
    expect(record.fields).toMatchObject({ worker: `web/${pid}` })
  }
})

test('requests are balanced between processes', async () => {
  await using lab = await start({ processes: 2, threads: 2 })
  const running = [0, 1].map(() => fetchRaw(lab.url, '/lab/gate?name=g'))
  await lab.waitForEntry('gate-g', 2)
  const workers = new Set(lab.exchanges.map(({ notes }) => notes.worker))
  expect(workers.size).toBe(2)
  lab.openGate('g')
  await Promise.all(running)
})
