import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PYTHON } from '../applications/support/site.ts'
import { runTaipan } from '../support/cli.ts'
import { findFreePort } from '../support/free-port.ts'
import { createProject, helloApp } from '../support/project.ts'

const ANALYZE = '/usr/bin/systemd-analyze'

function control(script: string, word: string): SpawnSyncReturns<string> {
  return spawnSync(script, [word], { encoding: 'utf8' })
}

test('what it writes starts, asks, reloads, restarts and stops the server', async () => {
  using project = createProject({ 'site/app.py': helloApp('one') })
  const port = await findFreePort()
  const words = ['setup-server', "../the server's", 'app.py', '-b', `127.0.0.1:${port}`]
  const setUp = await runTaipan([...words, '--python', PYTHON, '-t', '2'], {
    cwd: project.path('site'),
  })
  expect(setUp).toMatchObject({ exitCode: 0, stderr: '' })
  const folder = project.path("the server's")
  const script = `${folder}/taipanctl`
  const url = `http://127.0.0.1:${port}`
  const read = async (): Promise<string> =>
    await (await fetch(url, { headers: { connection: 'close' } })).text()

  expect(control(script, 'check')).toMatchObject({ status: 0 })
  expect(control(script, 'status').status).not.toBe(0)
  const started = control(script, 'start')
  try {
    expect(started).toMatchObject({ status: 0, stderr: '' })
    expect(await read()).toBe('one')
    expect(control(script, 'start').stdout).toContain('already running')
    expect(control(script, 'status').stdout).toContain('2 threads each')
    project.write('site/app.py', helloApp('two'))
    expect(control(script, 'reload')).toMatchObject({ status: 0 })
    expect(await read()).toBe('two')
    project.write('site/app.py', 'raise RuntimeError("broken")')
    expect(control(script, 'reload').status).not.toBe(0)
    expect(await read()).toBe('two')
    project.write('site/app.py', helloApp('three'))
    expect(control(script, 'restart')).toMatchObject({ status: 0 })
    expect(await read()).toBe('three')
  } finally {
    expect(control(script, 'stop')).toMatchObject({ status: 0, stdout: 'stopped\n' })
  }
  await expect(read()).rejects.toThrow(/fetch failed/)
  expect(control(script, 'stop').stdout).toBe('not running\n')
  expect(control(script, 'dance')).toMatchObject({ status: 2 })

  // The numbers of processes are used again.
  writeFileSync(`${folder}/server.pid`, String(process.pid))
  expect(control(script, 'stop').stdout).toBe('not running\n')
  writeFileSync(`${folder}/server.pid`, String(process.pid))
  expect(control(script, 'start')).toMatchObject({ status: 0, stderr: '' })
  process.kill(Number(readFileSync(`${folder}/server.pid`, 'utf8')), 'SIGKILL')
  expect(control(script, 'start').stdout).toMatch(/^started/)
  expect(await read()).toBe('three')
  expect(control(script, 'stop').stdout).toBe('stopped\n')

  project.write('site/app.py', 'raise RuntimeError("broken")')
  const broken = control(script, 'start')
  expect(broken.status).toBe(1)
  expect(broken.stderr).toContain('RuntimeError: broken')
})

test.skipIf(!existsSync(ANALYZE))('systemd accepts the unit', async () => {
  using project = createProject({ 'app.py': helloApp('one') })
  const words = ['setup-server', '100% shop', 'app.py', '--python', PYTHON]
  const { exitCode } = await runTaipan(words, { cwd: project.folder })
  expect(exitCode).toBe(0)
  const unit = project.path('100% shop/100% shop.service')
  project.write('shop.service', readFileSync(unit, 'utf8'))
  const command = ['-c', '"$@" 2>&1', 'sh', ANALYZE, 'verify', project.path('shop.service')]
  expect(execFileSync('/bin/sh', command, { encoding: 'utf8' })).toBe('')
})

test.each([
  ['later.py', /^warning: there is no file \S+\/later\.py yet; "taipanctl check" tells more\n$/],
  ['app.py:application', /^$/],
  ['not.yet.wsgi:application', /^$/],
])('what is still to come is told: %s', async (target, pattern) => {
  using project = createProject({ 'app.py': helloApp('one') })
  const words = ['setup-server', 'dir', target, '--python', PYTHON]
  const { exitCode, stderr } = await runTaipan(words, { cwd: project.folder })
  expect(stderr).toMatch(pattern)
  expect(exitCode).toBe(0)
})

test('files that exist are left', async () => {
  using project = createProject({ 'app.py': helloApp('one'), 'dir/taipanctl': 'mine' })
  const words = ['setup-server', 'dir', 'app.py', '--python', PYTHON]
  const { exitCode, output } = await runTaipan(words, { cwd: project.folder })
  expect(output).toContain(`${project.path('dir/taipanctl')} exists already`)
  expect(exitCode).toBe(2)
  expect(readFileSync(project.path('dir/taipanctl'), 'utf8')).toBe('mine')
  expect(statSync(project.path('dir')).isDirectory()).toBe(true)
  expect(existsSync(project.path('dir/taipan.config.json'))).toBe(false)
})

test.each([
  ['no folder', ['setup-server'], /needs a folder/],
  ['a wrong option', ['setup-server', 'x', 'app.py', '--threads', '0'], /--threads/],
  ['a configuration of its own', ['setup-server', 'x', 'app.py', '--config', 'y'], /--config/],
])('%s is refused', async (_name, words, pattern) => {
  using project = createProject({ 'app.py': helloApp('one') })
  const { exitCode, output } = await runTaipan(words, { cwd: project.folder })
  expect(output).toMatch(pattern)
  expect(exitCode).toBe(2)
  expect(existsSync(project.path('x'))).toBe(false)
})
