import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'

import { checkEmbedding } from '../../../src/backends/embedded/embeddability.ts'
import { PYTHON } from '../../support/backend-lab.ts'
import { createProject } from '../../support/project.ts'
import { listEmbeddable } from '../../support/pythons.ts'
import { isAlive } from '../../support/replicas.ts'
import { DEADLINE } from '../../support/deadlines.ts'

const PROGRAM = fileURLToPath(new URL('support/program.ts', import.meta.url))
const ENVIRONMENT = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' }

interface Outcome {
  readonly code: number | null
  readonly output: string
}

interface Run {
  readonly task: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** Runs the program in its own Node process. */
function run({ task, environment = {} }: Run): Promise<Outcome> {
  const settings = { env: { ...ENVIRONMENT, ...environment }, timeout: DEADLINE }
  const words = ['--import', 'jiti/register', PROGRAM, ...task]
  return new Promise((resolve) => {
    execFile(process.execPath, words, settings, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : null
      resolve({ code: error === null ? 0 : code, output: stdout + stderr })
    })
  })
}

const pythons = await listEmbeddable()

describe.each(pythons)('a program with %s inside', (python) => {
  test.each([
    ['exit', 7],
    ['return', 0],
  ])(
    'ends by %s although threads of Python work, and runs the atexit handlers',
    async (task, code) => {
      const outcome = await run({ task: [task, python] })
      expect(outcome).toMatchObject({ code, output: expect.stringContaining('last words') })
    },
  )
})

describe('Python inside', () => {
  test('is stopped after the threads that requests have started', async () => {
    const { code, output } = await run({ task: ['job'] })
    expect(code).toBe(0)
    const done =
      /journal (.*)/
        .exec(output)?.[1]
        ?.trim()
        .split(/ (?=pool|thread|atexit)/) ?? []
    expect(done.toSorted()).toEqual(['atexit', 'imported', 'pool done', 'thread done'])
    expect(done.at(-1)).toBe('atexit')
  })

  test('ends with the processes of a pool', async () => {
    const { code, output } = await run({ task: ['pool'] })
    expect(code).toBe(7)
    const pids: number[] = JSON.parse(/pool (.*)/.exec(output)?.[1] ?? '[]')
    expect(pids.length).toBeGreaterThan(0)
    for (const pid of pids) await expect.poll(() => isAlive(pid)).toBe(false)
  })

  test('runs in a worker thread of Node, and rejects a second one', async () => {
    const { code, output } = await run({ task: ['worker'] })
    expect(output).toContain('ticks 0')
    expect(output).toContain('Python already runs in another thread of this process')
    expect(output).not.toContain('Warning')
    expect(code).toBe(0)
  })

  test('survives the end of a worker thread that serves', async () => {
    const { code, output } = await run({ task: ['terminate'] })
    expect(output).toContain('terminated 1')
    expect(code).toBe(0)
  })

  test('is one for all groups of a process', async () => {
    const other = pythons.find((python) => python !== PYTHON)
    if (other === undefined) return
    const { code, output } = await run({ task: ['other', PYTHON, other] })
    expect(output).toContain(`its Python is`)
    expect(output).toContain('can have one Python only')
    expect(code).toBe(0)
  })

  test('does not end Node if it cannot start', async () => {
    using project = createProject()
    const { code, output } = await run({
      task: ['start'],
      environment: { LAB_PYTHONHOME: project.folder },
    })
    expect(output).toContain('PYTHON_NOT_EMBEDDABLE')
    expect(output).toMatch(/PYTHONHOME is .*: unset it/)
    expect(code).toBe(0)
  })
})

describe('missing in a Python', () => {
  const check = async (name: string, source: string): Promise<string> => {
    using project = createProject({ [name]: source })
    const report = await checkEmbedding(PYTHON, { ...ENVIRONMENT, PYTHONPATH: project.folder })
    expect(report.embeddable).toBe(false)
    return report.reason
  }

  test.each([
    ['/usr', /package.*libpython3\.\d+.*-e daemon/],
    ['/home/a/.pyenv/versions/3.11.7', /--enable-shared pyenv install/],
    ['/opt/python', /--enable-shared/],
  ])('a shared library, in %s', async (prefix, wanted) => {
    const hide = `import os, sys, sysconfig\nsys.base_prefix = ${JSON.stringify(prefix)}\nsysconfig.get_config_var = lambda name: None\nreal = os.path.exists\nos.path.exists = lambda path: 'libpython' not in str(path) and real(path)\n`
    expect(await check('sitecustomize.py', hide)).toMatch(wanted)
  })

  test('ctypes', async () => {
    const reason = await check('ctypes.py', 'raise ImportError("no libffi")\n')
    expect(reason).toMatch(/ctypes cannot be imported \(no libffi\)/)
  })

  test('the right implementation', async () => {
    const other = 'import sys\nsys.implementation.name = "pypy"\n'
    expect(await check('sitecustomize.py', other)).toContain('use CPython')
  })

  test('nothing: it can be embedded', async () => {
    const report = await checkEmbedding(PYTHON, ENVIRONMENT)
    expect(report).toMatchObject({ embeddable: true, reason: '' })
    expect(report.libpython).toMatch(/libpython3/)
  })

  test('an interpreter', async () => {
    const report = await checkEmbedding('/no/such/python', ENVIRONMENT)
    expect(report.embeddable).toBe(false)
    expect(report.reason).toContain('/no/such/python')
  })
})
