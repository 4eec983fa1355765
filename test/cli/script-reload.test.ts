import { existsSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { describe, expect, test } from 'vitest'

import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import { createProject, helloApp } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'
import { DEADLINE } from '../support/deadlines.ts'

/** On a new connection. */
async function ask(taipan: RunningTaipan): Promise<string> {
  const { status, text } = await fetchRaw(taipan.url)
  return `${status} ${text}`
}

function count(taipan: RunningTaipan, pattern: RegExp): number {
  return [...taipan.output.matchAll(pattern)].length
}

const ARGS = ['-b', '127.0.0.1:0', '-p', '2', '--no-access-log'] as const

test('the request that finds a changed file gets the new code', async () => {
  using project = createProject({ 'site.wsgi': helloApp('one') })
  await using taipan = await startTaipan(['site.wsgi', ...ARGS], { cwd: project.folder })
  expect(await ask(taipan)).toBe('200 one')
  project.write('site.wsgi', helloApp('other'))
  expect(await ask(taipan)).toBe('200 other')
  await taipan.waitForOutput(/site\.wsgi has changed: reloading[^]*reloaded$/m)
  // Older counts, too.
  utimesSync(join(project.folder, 'site.wsgi'), 1000, 1000)
  expect(await ask(taipan)).toBe('200 other')
  expect(count(taipan, /has changed: reloading/g)).toBe(2)
})

test('a broken file leaves the old code serving, and is tried once', async () => {
  using project = createProject({ 'site.wsgi': helloApp('one') })
  await using taipan = await startTaipan(['site.wsgi', ...ARGS], { cwd: project.folder })
  project.write('site.wsgi', 'raise RuntimeError("broken")\n')
  for (let at = 0; at < 20; at++) expect(await ask(taipan)).toBe('200 one')
  await taipan.waitForOutput(/not reloaded, the old code continues: .*RuntimeError: broken/)
  expect(count(taipan, /has changed: reloading/g)).toBe(1)
  project.write('site.wsgi', helloApp('mended'))
  expect(await ask(taipan)).toBe('200 mended')
})

test('other requests do not wait meanwhile', async () => {
  const slow = `
import os, time
while not os.path.exists("gate"):
    time.sleep(0.01)
${helloApp('new')}`
  using project = createProject({ 'site.wsgi': helloApp('old') })
  await using taipan = await startTaipan(['site.wsgi', ...ARGS], { cwd: project.folder })
  project.write('site.wsgi', slow)
  const first = ask(taipan)
  await taipan.waitForOutput(/has changed: reloading/)
  expect(await ask(taipan)).toBe('200 old')
  project.write('gate', '')
  expect(await first).toBe('200 new')
})

test('a reload by a signal has seen the change', async () => {
  using project = createProject({ 'site.wsgi': helloApp('one') })
  await using taipan = await startTaipan(['site.wsgi', ...ARGS], { cwd: project.folder })
  project.write('site.wsgi', helloApp('two'))
  taipan.kill('SIGHUP')
  await taipan.waitForOutput(/^reloaded$/m)
  expect(await ask(taipan)).toBe('200 two')
  expect(taipan.output).not.toContain('has changed')
})

test('files are looked at whatever they are called', async () => {
  using project = createProject({ 'app.py': helloApp('one') })
  await using taipan = await startTaipan(['app.py:application', ...ARGS], { cwd: project.folder })
  project.write('app.py', helloApp('two'))
  expect(await ask(taipan)).toBe('200 two')
})

test('modules are not', async () => {
  using project = createProject({ 'app.py': helloApp('one') })
  await using taipan = await startTaipan(['app', ...ARGS], { cwd: project.folder })
  project.write('app.py', helloApp('two'))
  expect(await ask(taipan)).toBe('200 one')
  expect(taipan.output).not.toContain('has changed')
})

test('a file that is written in pieces changes nothing before it is whole', async () => {
  const whole = helloApp('two')
  using project = createProject({ 'app.py': helloApp('one') })
  await using taipan = await startTaipan(['app.py', ...ARGS], { cwd: project.folder })
  for (const piece of ['', whole.slice(0, whole.indexOf(')'))]) {
    project.write('app.py', piece)
    for (let at = 0; at < 3; at++) expect(await ask(taipan)).toBe('200 one')
  }
  rmSync(join(project.folder, 'app.py'))
  expect(await ask(taipan)).toBe('200 one')
  expect(count(taipan, /has changed: reloading/g)).toBe(2)
  project.write('app.py', whole)
  expect(await ask(taipan)).toBe('200 two')
})

test('--no-script-reloading looks at no file', async () => {
  using project = createProject({ 'app.py': helloApp('one') })
  const args = ['app.py', ...ARGS, '--no-script-reloading']
  await using taipan = await startTaipan(args, { cwd: project.folder })
  project.write('app.py', helloApp('two'))
  expect(await ask(taipan)).toBe('200 one')
  expect(taipan.output).not.toContain('has changed')
})

describe('embedded', () => {
  test('a request that finds a change has the processes replaced', async () => {
    using project = createProject({ 'site.wsgi': helloApp('one') })
    const args = ['site.wsgi', ...ARGS, '-e', 'embedded']
    await using taipan = await startTaipan(args, { cwd: project.folder })
    expect(await ask(taipan)).toBe('200 one')
    project.write('site.wsgi', helloApp('two'))
    await expect.poll(() => ask(taipan), { timeout: DEADLINE }).toBe('200 two')
    project.write('site.wsgi', 'raise RuntimeError("broken")\n')
    expect(await ask(taipan)).toBe('200 two')
    await taipan.waitForOutput(/not reloaded, the old code continues: .*RuntimeError: broken/)
    for (let at = 0; at < 10; at++) expect(await ask(taipan)).toBe('200 two')
    expect(count(taipan, /has changed: reloading/g)).toBe(2)
  })

  test('a change during an import is loaded after that', async () => {
    const slow = `
import os, time
open("begun", "w").close()
while not os.path.exists("gate"):
    time.sleep(0.01)
${helloApp('two')}`
    using project = createProject({ 'site.wsgi': helloApp('one') })
    const args = ['site.wsgi', ...ARGS, '-e', 'embedded']
    await using taipan = await startTaipan(args, { cwd: project.folder })
    project.write('site.wsgi', slow)
    expect(await ask(taipan)).toBe('200 one')
    const begun = join(project.folder, 'begun')
    await expect.poll(() => existsSync(begun), { timeout: DEADLINE }).toBe(true)
    project.write('site.wsgi', helloApp('three'))
    for (let at = 0; at < 10; at++) {
      expect(await ask(taipan)).toBe('200 one')
      await delay(50)
    }
    expect(count(taipan, /has changed: reloading/g)).toBe(1)
    project.write('gate', '')
    await expect.poll(() => ask(taipan), { timeout: DEADLINE }).toBe('200 three')
  })
})
