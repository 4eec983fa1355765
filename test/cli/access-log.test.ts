import { existsSync, readFileSync, renameSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { resolveLibraryPlan } from '../../src/server/library-plan.ts'
import { runTaipan, startTaipan } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject, helloApp } from '../support/project.ts'

const ENGINES = [
  ['daemon', ['-p', '2']],
  ['embedded', ['-e', 'embedded', '-p', '2']],
] as const

/** Sends requests one after the other; each has its number in its path. */
async function ask(url: string, from: number, count: number): Promise<void> {
  for (let number = from; number < from + count; number += 1) {
    const answer = await fetch(`${url}/n${number}`, { signal: AbortSignal.timeout(DEADLINE) })
    await answer.arrayBuffer()
  }
}

describe.each(ENGINES)('engine %s:', (_engine, processes) => {
  test('a file of requests is renamed and opened again while they come', async () => {
    using project = createProject({ 'app.py': helloApp('one') })
    const [path, aside] = [project.path('access.log'), project.path('access.log.1')]
    const taipan = await startTaipan(
      [
        'app.py',
        '-b',
        '127.0.0.1:0',
        ...processes,
        '--access-file',
        path,
        '--access-format',
        '%m %U %>s',
      ],
      { cwd: project.folder },
    )
    await ask(taipan.url, 0, 50)
    const clients = Promise.all([ask(taipan.url, 100, 100), ask(taipan.url, 200, 100)])
    renameSync(path, aside)
    taipan.kill('SIGUSR1')
    await taipan.waitForOutput(/SIGUSR1: log files are opened again/)
    await clients
    const { exitCode, output } = await taipan.stop()
    expect(exitCode).toBe(0)
    expect(existsSync(path)).toBe(true)
    const lines = (readFileSync(aside, 'utf8') + readFileSync(path, 'utf8')).trim().split('\n')
    expect(lines.length).toBe(250)
    expect(new Set(lines).size).toBe(250)
    expect(lines).toContain('GET /n100 200')
    expect(output).not.toContain('/n100')
  })
})

test('a configuration says how requests are logged and when their file is put aside', async () => {
  using project = createProject({
    'app.py': helloApp('one'),
    'taipan.config.json': JSON.stringify({
      app: 'app.py',
      bind: '127.0.0.1:0',
      log: {
        level: 'error',
        access: {
          format: 'json',
          file: 'requests.json',
          rotate: { size: '10mb', every: 'day', keep: 3 },
        },
      },
    }),
  })
  const taipan = await startTaipan([], { cwd: project.folder })
  await ask(taipan.url, 1, 1)
  await taipan.stop()
  const record: unknown = JSON.parse(readFileSync(project.path('requests.json'), 'utf8'))
  expect(record).toMatchObject({ method: 'GET', target: '/n1', status: 200 })
})

test('requests are JSON beside other records that are not', async () => {
  using project = createProject({ 'app.py': helloApp('one') })
  const taipan = await startTaipan(['app.py', '-b', '127.0.0.1:0', '--access-format', 'json'], {
    cwd: project.folder,
  })
  await ask(taipan.url, 1, 1)
  const { output } = await taipan.stop()
  const line = output.split('\n').find((one) => one.includes('"target":"/n1"')) ?? ''
  expect(JSON.parse(line)).toMatchObject({ level: 'info', status: 200 })
  expect(output).toContain('listening on')
})

test.each([
  [['--access-file', 'nowhere/access.log'], /cannot be opened for writing/],
  [['--access-format', '%h %Z'], /instead of "%Z"/],
  [['--log-to', 'journal'], /"stdout", "stderr", "journald"/],
  [['--log-to', 'syslog:/nowhere'], /nothing receives log records at \/nowhere/],
])('%j ends the command with 2 and a sentence', async (flags, message) => {
  using project = createProject({ 'app.py': helloApp('one') })
  const { exitCode, stderr } = await runTaipan(['serve', 'app.py', ...flags], {
    cwd: project.folder,
  })
  expect(stderr).toMatch(message)
  expect(exitCode).toBe(2)
})

test('--log-to stderr leaves standard output alone', async () => {
  using project = createProject({ 'app.py': helloApp('one') })
  const taipan = await startTaipan(['app.py', '-b', '127.0.0.1:0', '--log-to', 'stderr'], {
    cwd: project.folder,
  })
  const { stdout, stderr } = await taipan.stop()
  expect(stdout).toBe('')
  expect(stderr).toContain('listening on')
})

test.each([
  [{ rotate: { every: 'day' } }, /log\.access\.rotate: is about a file, and none is named/],
  [{ file: 'a.log', to: 'stderr' }, /log\.access\.to: stands beside a file/],
] as const)('log.access %j is refused', (access, message) => {
  expect(() => resolveLibraryPlan({ app: 'shop:app', log: { access } })).toThrow(message)
})
