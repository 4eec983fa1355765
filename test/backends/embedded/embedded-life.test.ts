import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { afterAll, describe, expect, test } from 'vitest'

import { createEmbeddedBackend } from '../../../src/backends/embedded/embedded-backend.ts'
import type { BackendLab, LabOptions } from '../../support/backend-lab.ts'
import { labApplication, openLab, PYTHON, startLab } from '../../support/backend-lab.ts'
import { fetchRaw, pollUntil } from '../../support/raw-client.ts'

// All tests of this file share one Python, because a process can have only one.
const venv = realpathSync(mkdtempSync(path.join(tmpdir(), 'taipan-venv-')))
execFileSync(PYTHON, ['-m', 'venv', '--without-pip', venv])
const library = path.join(venv, 'from-pythonpath')
afterAll(() => rmSync(venv, { recursive: true, force: true }))

const LAB = labApplication({ target: 'embedded_lab.py' })

function start(options: LabOptions = {}): Promise<BackendLab> {
  return startLab(createEmbeddedBackend, resolve(options))
}

function resolve(options: LabOptions): LabOptions {
  const environment = {
    PYTHONHASHSEED: '0',
    PYTHONOPTIMIZE: '1',
    PYTHONPATH: library,
    ...options.environment,
  }
  return {
    python: path.join(venv, 'bin', 'python'),
    ...(options.own === undefined && { applications: [LAB] }),
    ...options,
    environment,
  }
}

async function ask(lab: BackendLab, target: string): Promise<unknown> {
  const response = await fetchRaw(lab.url, `/lab/${target}`)
  expect([response.status, target]).toEqual([200, target])
  return JSON.parse(response.text)
}

describe('the interpreter inside Node', () => {
  test('is the one of the virtual environment, with its variables, paths and arguments', async () => {
    await using lab = await start({ environment: { LAB_VARIABLE: 'set' } })
    const facts = await ask(lab, 'facts')
    const reference = execFileSync(PYTHON, ['-c', 'print(hash("taipan"))'], {
      env: { PYTHONHASHSEED: '0' },
      encoding: 'utf8',
    })
    expect(facts).toMatchObject({
      argv: ['backend_lab.py'],
      executable: path.join(venv, 'bin', 'python'),
      prefix: venv,
      optimize: 1,
      stdin: '',
      variable: 'set',
      cwd: realpathSync(lab.folder),
    })
    const text = JSON.stringify(facts)
    expect(text).toContain(`"hash":"${reference.trim()}"`)
    const places = ['fixtures/apps"', 'from-pythonpath"', '/site-packages"'].map((place) =>
      text.indexOf(place),
    )
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places).not.toContain(-1)
  })

  test('has the OpenSSL and the certificates it was built with, not those of Node', async () => {
    await using lab = await start()
    const source =
      'import json, ssl; print(json.dumps([ssl.OPENSSL_VERSION, *ssl.get_default_verify_paths()]))'
    const own: unknown = JSON.parse(execFileSync(PYTHON, ['-c', source], { encoding: 'utf8' }))
    expect(await ask(lab, 'openssl')).toEqual(own)
  })

  test('restores environment and working directory of the process', async () => {
    const [cwd, value] = [process.cwd(), process.env['LAB_VARIABLE']]
    const lab = await start({ environment: { LAB_VARIABLE: 'set' } })
    expect(process.env['LAB_VARIABLE']).toBe('set')
    await lab[Symbol.asyncDispose]()
    expect([process.cwd(), process.env['LAB_VARIABLE']]).toEqual([cwd, value])
  })

  test('starts programs and processes', async () => {
    await using lab = await start({ environment: { LAB_VARIABLE: 'for children' } })
    expect(await ask(lab, 'subprocess')).toBe(`${venv} for children`)
    expect(await ask(lab, 'spawn?method=spawn')).toEqual([0, 1, 4, 9])
    expect(await ask(lab, 'spawn?method=forkserver')).toEqual([0, 1, 4, 9])
    expect(await ask(lab, 'spawn?method=fork')).toEqual([0, 1, 4, 9])
  })

  test('writes what it prints to the log, 2 MB in one request too', async () => {
    await using lab = await start()
    await ask(lab, 'print?lines=2000')
    await lab.waitForRecord(/last line/)
    const printed = lab.records.filter(({ fields }) => fields['stream'] === 'stdout')
    expect(printed.flatMap(({ message }) => message.split('\n'))).toHaveLength(2001)
    expect(printed[0]?.fields['request']).toBe(lab.exchanges[0]?.id)
  })

  test('leaves signals to Node, with a warning', async () => {
    await using lab = await start()
    expect(await ask(lab, 'signal')).toBe(false)
    const warning = await lab.waitForRecord(/signal\.signal\(SIGTERM, \.\.\.\) is ignored/)
    expect(warning.level).toBe('warn')
    await lab.waitForRecord(/signal\.alarm/)
  })

  test('runs threads while Node waits', async () => {
    await using lab = await start()
    await ask(lab, 'thread')
    const before = Number(await ask(lab, 'ticks'))
    await new Promise((resolve) => {
      setTimeout(resolve, 200)
    })
    expect(Number(await ask(lab, 'ticks'))).toBeGreaterThan(before + 2)
  })

  test('answers 500 to recursion without end and goes on', async () => {
    await using lab = await start()
    expect((await fetchRaw(lab.url, '/lab/recursion')).status).toBe(500)
    expect(await ask(lab, 'ticks')).toBe(0)
  })
})

describe('a worker inside Node', () => {
  test('is unloaded at the stop: atexit handlers run, and the next start imports again', async () => {
    for (let i = 0; i < 3; i++) {
      const lab = await start()
      await ask(lab, 'thread')
      await lab.backend.stop()
      expect(lab.journal()).toEqual(['imported', 'atexit'])
      await lab[Symbol.asyncDispose]()
    }
  })

  test('waits for threads of the application no longer than its time, and once', async () => {
    const waits: number[] = []
    for (let i = 0; i < 2; i++) {
      await using lab = await start({ timeouts: { shutdown: 300 } })
      if (i === 0) await ask(lab, 'lasting-thread')
      await lab.backend.stop()
      expect(lab.journal()).toEqual(['imported', 'atexit'])
      waits.push(lab.records.filter(({ message }) => /did not end in time/.test(message)).length)
    }
    expect(waits).toEqual([1, 0])
  })

  test('its module is another one after a reload; a reload that fails restores the old ones', async () => {
    const source = (text: string): string =>
      `import helper\ndef application(environ, start_response):\n    import helper as late\n    start_response("200 OK", [])\n    return [f"${text} {helper.NAME} {late is helper}".encode()]\n`
    await using lab = await openLab(createEmbeddedBackend, resolve({ own: source('one') }))
    lab.write('helper.py', 'NAME = "first"\n')
    await lab.backend.start()
    const read = async (): Promise<string> => (await fetchRaw(lab.url, '/lab/')).text
    expect(await read()).toBe('one first True')
    lab.write('helper.py', 'NAME = "second"\nraise LookupError("no")\n')
    await expect(lab.backend.reload()).rejects.toMatchObject({ code: 'APPLICATION_LOAD' })
    expect(await read()).toBe('one first True')
    lab.write('helper.py', 'NAME = "third"\n')
    lab.writeOwn(source('two'))
    await lab.backend.reload()
    expect(await read()).toBe('two third True')
  })

  test('leaves no descriptors and no threads behind', async () => {
    const count = (): [number, number] => [
      readdirSync('/proc/self/fd').length,
      readdirSync('/proc/self/task').length,
    ]
    const cycle = async (): Promise<void> => {
      const lab = await start()
      await ask(lab, 'ticks')
      await lab[Symbol.asyncDispose]()
    }
    for (let i = 0; i < 3; i++) await cycle()
    const before = count()
    for (let i = 0; i < 20; i++) await cycle()
    await pollUntil(
      () => (count()[0] <= before[0] && count()[1] <= before[1]) || undefined,
      `no more than ${before.join(' descriptors and ')} threads, now ${count().join(' and ')}`,
    )
  })

  test('reports the message of an application that ended at its import', async () => {
    await using lab = await openLab(
      createEmbeddedBackend,
      resolve({ own: 'import sys\nsys.exit("no database")\n' }),
    )
    await expect(lab.backend.start()).rejects.toMatchObject({
      code: 'APPLICATION_LOAD',
      message: expect.stringContaining('no database'),
    })
  })

  test('a forked child does not hold the port', async () => {
    const lab = await start()
    const child = Number(await ask(lab, 'fork'))
    const port = Number(new URL(lab.url).port)
    try {
      await lab[Symbol.asyncDispose]()
      expect(await canListen(port)).toBe(true)
    } finally {
      process.kill(child, 'SIGKILL')
    }
  })
})

/** Whether a port becomes free soon. */
async function canListen(port: number): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    const server = createServer()
    const listening = new Promise<boolean>((resolve) => {
      server.once('listening', () => resolve(true))
      server.once('error', () => resolve(false))
    })
    server.listen(port, '127.0.0.1')
    if (await listening) {
      await new Promise((resolve) => {
        server.close(resolve)
      })
      return true
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
  }
  return false
}
