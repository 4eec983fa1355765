import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { fetchRaw, formatRequest, openRaw, pollUntil } from '../support/raw-client.ts'
import { isRunning, listChildren, startFaultLab, type FaultLab } from './fault-lab.ts'

let lab: FaultLab

beforeAll(async () => {
  lab = await startFaultLab(['-p', '1', '-t', '4'])
})

afterAll(async () => {
  await lab.stop()
})

describe('a worker that dies', () => {
  test.each([
    ['exit0', /exit|code 0|\b0\b/],
    ['exit3', /3/],
    ['thread-exit', /7/],
    ['SIGKILL', /SIGKILL/],
    ['SIGSEGV', /SIGSEGV/],
    ['SIGABRT', /SIGABRT/],
    ['SIGBUS', /SIGBUS/],
  ])('%s: its request gets 502, and another worker takes over', async (how, told) => {
    const { worker, server } = await lab.pids()
    const before = lab.taipan.output.length
    const response = await fetchRaw(lab.url, `/die?how=${how}`)
    expect([response.status, response.complete]).toEqual([502, true])
    expect(response.text).not.toMatch(/Traceback|fault_lab/)
    const next = await lab.pids()
    expect(next.worker).not.toBe(worker)
    expect(next.server).toBe(server)
    expect(await isRunning(worker)).toBe(false)
    await pollUntil(
      () => (told.test(lab.taipan.output.slice(before)) ? true : undefined),
      'how it ended, in the log',
    )
    expect(lab.taipan.output.slice(before)).toContain(String(worker))
  })

  test.each(['exit0', 'SIGKILL', 'SIGSEGV'])(
    '%s after the head: the connection is aborted',
    async (how) => {
      const response = await fetchRaw(lab.url, `/die?how=${how}&late=1`)
      expect([response.status, response.text, response.complete]).toEqual([200, 'begun', false])
      expect((await fetchRaw(lab.url, '/pid')).status).toBe(200)
    },
  )

  test('the output of its faulthandler is in the log', async () => {
    const before = lab.taipan.output.length
    await fetchRaw(lab.url, '/die?how=SIGSEGV')
    await lab.pids()
    await pollUntil(
      () => (/in die\b|do_die/.test(lab.taipan.output.slice(before)) ? true : undefined),
      'the stack of the crash',
    )
  })

  test('all its requests get 502, waiting ones are answered', async () => {
    const running = await Promise.all(Array.from({ length: 3 }, () => openRaw(lab.url)))
    for (const connection of running) connection.send(formatRequest({ target: '/gate?name=never' }))
    await lab.waitForEntry('gate-never', 3)
    const { worker } = await lab.pids()
    process.kill(worker, 'SIGKILL')
    const waiting = Array.from({ length: 20 }, () => fetchRaw(lab.url, '/pid'))
    for (const connection of running)
      expect((await connection.readFinalResponse()).status).toBe(502)
    for (const response of await Promise.all(waiting)) expect([200, 502]).toContain(response.status)
    for (const connection of running) connection.destroy()
    expect((await lab.pids()).worker).not.toBe(worker)
  })

  test('an idle worker that dies costs no request', async () => {
    for (let i = 0; i < 5; i++) {
      const { worker } = await lab.pids()
      process.kill(worker, 'SIGKILL')
      await pollUntil(async () => ((await isRunning(worker)) ? undefined : true), 'its end')
      expect((await lab.pids()).worker).not.toBe(worker)
    }
  })

  test('a forked child that keeps the sockets open does not hide the death', async () => {
    const { worker } = await lab.pids()
    const response = await fetchRaw(lab.url, '/forked')
    expect(response.status).toBe(502)
    const child = Number(await readFile(join(lab.folder, 'child'), 'utf8'))
    try {
      expect(await isRunning(child)).toBe(true)
      expect((await lab.pids()).worker).not.toBe(worker)
    } finally {
      process.kill(child, 'SIGKILL')
    }
  })

  test('an application that closes our descriptors costs one worker', async () => {
    for (let i = 0; i < 2; i++) {
      const { worker, server } = await lab.pids()
      const response = await fetchRaw(lab.url, '/close-descriptors').catch(() => undefined)
      if (response !== undefined) expect([200, 502]).toContain(response.status)
      const next = await pollUntil(async () => {
        const pids = await lab.pids().catch(() => undefined)
        return pids !== undefined && pids.worker !== worker ? pids : undefined
      }, 'another worker')
      expect(next.server).toBe(server)
      for (let again = 0; again < 10; again++)
        expect((await fetchRaw(lab.url, '/pid')).status).toBe(200)
      await pollUntil(
        async () => ((await isRunning(worker)) ? undefined : true),
        'the end of the damaged worker',
      )
      expect(await listChildren(server)).toHaveLength(1)
    }
  })

  test('an application may close descriptors 0 to 2', async () => {
    const { worker } = await lab.pids()
    expect((await fetchRaw(lab.url, '/close-standard')).text).toBe('closed')
    for (let i = 0; i < 10; i++) expect((await fetchRaw(lab.url, '/pid')).status).toBe(200)
    expect((await fetchRaw(lab.url, '/one-block?size=100000')).body.length).toBe(100_000)
    expect((await lab.pids()).worker).toBe(worker)
    process.kill(worker, 'SIGKILL')
    expect((await lab.pids()).worker).not.toBe(worker)
  })
})

describe('a worker that boots slowly', () => {
  let slow: FaultLab | undefined

  afterEach(async () => {
    await slow?.stop()
  })

  test('requests wait for the only worker', async () => {
    slow = await startFaultLab(['-p', '1', '-t', '2'], { env: { LAB_SLOW_BOOT: '1.5' } })
    const first = await slow.pids()
    process.kill(first.worker, 'SIGKILL')
    await pollUntil(async () => ((await isRunning(first.worker)) ? undefined : true), 'its end')
    const url = slow.url
    const responses = await Promise.all(
      Array.from({ length: 60 }, (_, n) => fetchRaw(url, `/note?n=${n}`)),
    )
    expect(responses.map((response) => response.text)).toEqual(
      Array.from({ length: 60 }, () => 'noted'),
    )
    expect(await slow.boots()).toHaveLength(2)
  })
})

describe('an application that never loads', () => {
  test('is answered with 503, logged once, and fixed by a change', async () => {
    const { mkdtemp, rm } = await import('node:fs/promises')
    const { tmpdir } = await import('node:os')
    const { startTaipan } = await import('../support/cli.ts')
    const folder = await mkdtemp(join(tmpdir(), 'taipan-never-'))
    const path = join(folder, 'never.py')
    await writeFile(
      path,
      'open("starts", "a").write("x")\nraise RuntimeError("never loads: told once")\n',
    )
    const taipan = await startTaipan(['never.py', '-b', '127.0.0.1:0', '--reload'], { cwd: folder })
    try {
      // Until the second attempt.
      let starts = 0
      while (starts < 2) {
        const response = await fetchRaw(taipan.url, '/')
        expect(response.status).toBe(503)
        expect(response.header('retry-after')).toMatch(/^[0-9]+$/)
        expect(response.text).not.toMatch(/Traceback|never\.py/)
        starts = (await readFile(join(folder, 'starts'), 'utf8')).length
      }
      expect(taipan.output.split('Traceback (most recent call last)').length - 1).toBe(1)
      await writeFile(
        path,
        'def application(environ, start_response):\n    start_response("200 OK", [])\n    return [b"fixed"]\n',
      )
      const fixed = await pollUntil(
        async () => {
          const response = await fetchRaw(taipan.url, '/')
          return response.status === 200 ? response.text : undefined
        },
        'the change to be taken',
        { pause: 100 },
      )
      expect(fixed).toBe('fixed')
      await writeFile(
        path,
        'def application(environ, start_response):\n    start_response("200 OK", [])\n    return [b"changed"]\n',
      )
      await pollUntil(
        async () => ((await fetchRaw(taipan.url, '/')).text === 'changed' ? true : undefined),
        'the next change',
        { pause: 100 },
      )
      await writeFile(path, 'syntax error\n')
      // A change that cannot be loaded keeps the old code, or is answered with 503; the next good one is loaded.
      await pollUntil(
        () => (taipan.output.includes('SyntaxError') ? true : undefined),
        'the failure in the log',
      )
      expect([200, 503]).toContain((await fetchRaw(taipan.url, '/')).status)
      await writeFile(
        path,
        'def application(environ, start_response):\n    start_response("200 OK", [])\n    return [b"good again"]\n',
      )
      await pollUntil(
        async () => ((await fetchRaw(taipan.url, '/')).text === 'good again' ? true : undefined),
        'the last change',
        { pause: 100 },
      )
    } finally {
      await taipan.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }, 90_000)
})
