import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { runTaipan, startTaipan } from '../support/cli.ts'
import { ask, load } from '../support/constant-requests.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { findFreePort } from '../support/free-port.ts'
import { createProject, helloApp, type Project } from '../support/project.ts'

function configure(project: Project, config: object): void {
  const usual = { app: 'one.py', bind: '127.0.0.1:0', processes: 1, control: 'unix:control.sock' }
  project.write('taipan.config.json', JSON.stringify({ ...usual, ...config }))
}

async function reload(
  project: Project,
  control = 'unix:control.sock',
): Promise<{ exitCode: number | undefined; stderr: string }> {
  return await runTaipan(['reload', '--control', control], { cwd: project.folder })
}

function readFile(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

async function askControl(socketPath: string, path: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const sent = request({ socketPath, path }, (response) => {
      text(response).then((body) => resolve(`${response.statusCode} ${body}`), reject)
    })
    sent.on('error', reject).end()
  })
}

describe.each(['daemon', 'embedded'] as const)('applied while it runs, %s:', (engine) => {
  test('another access log, its place and its format, and the level', async () => {
    using project = createProject({ 'one.py': helloApp('one') })
    configure(project, { engine, log: { access: false } })
    await using taipan = await startTaipan([], { cwd: project.folder })
    const requests = load(taipan.url)
    await ask(taipan.url, '/unlogged')

    configure(project, { engine, log: { access: { file: 'a.log', format: '%U %s' } } })
    expect(await reload(project)).toMatchObject({ exitCode: 0, stderr: '' })
    await ask(taipan.url, '/first')
    const first = project.path('a.log')
    await expect.poll(() => readFile(first), { timeout: DEADLINE }).toContain('/first 200\n')

    configure(project, {
      engine,
      log: { level: 'error', access: { file: 'b.log', format: 'json' } },
    })
    const told = taipan.output.length
    expect(await reload(project)).toMatchObject({ exitCode: 0, stderr: '' })
    await ask(taipan.url, '/second')
    const second = project.path('b.log')
    await expect.poll(() => readFile(second), { timeout: DEADLINE }).toContain('"/second"')
    taipan.kill('SIGUSR1')
    await taipan.waitForOutput(/log files are opened again/)

    const answers = await requests.stop()
    expect(answers.filter((answer) => answer !== '200 one')).toEqual([])
    await taipan.stop()
    for (const line of readFile(first).trimEnd().split('\n')) expect(line).toMatch(/^\/\S* 200$/)
    const lines = readFile(second).trimEnd().split('\n')
    // Processes with Python inside write as they were told at their start, and the old ones end with their requests.
    const own = engine === 'embedded' ? lines.filter((line) => !/^\/ 200$/.test(line)) : lines
    for (const line of own) JSON.parse(line)
    expect(readFile(first)).not.toContain('/unlogged')
    expect(readFile(first)).not.toContain('/second')
    expect(taipan.output).not.toMatch(/\/(?:unlogged|first|second)/)
    // Of the reload itself the end is told by the new log.
    expect(taipan.output.slice(told)).not.toContain('reloaded')
  })

  test('metrics, which go on counting when they move', async () => {
    using project = createProject({ 'one.py': helloApp('one') })
    configure(project, { engine, log: { access: false } })
    await using taipan = await startTaipan([], { cwd: project.folder })
    const requests = load(taipan.url)
    const control = project.path('control.sock')
    expect(await askControl(control, '/metrics')).toMatch(/^404/)

    configure(project, { engine, metrics: '/metrics', log: { access: false } })
    expect(await reload(project)).toMatchObject({ exitCode: 0, stderr: '' })
    await ask(taipan.url)
    const count = async (answer: Promise<string>): Promise<number> =>
      Number(/^taipan_requests_total\{.*\} (\d+)$/m.exec(await answer)?.[1])
    await expect
      .poll(() => count(askControl(control, '/metrics')), { timeout: DEADLINE })
      .toBeGreaterThan(0)

    const before = await count(askControl(control, '/metrics'))
    const url = `http://127.0.0.1:${await findFreePort()}/numbers`
    configure(project, { engine, metrics: url, log: { access: false } })
    expect(await reload(project)).toMatchObject({ exitCode: 0, stderr: '' })
    await taipan.waitForOutput(/metrics at http:/)
    const measured = async (): Promise<string> => (await fetch(url)).text()
    if (engine === 'daemon') expect(await count(measured())).toBeGreaterThanOrEqual(before)
    else await expect.poll(() => count(measured()), { timeout: DEADLINE }).toBeGreaterThan(0)
    expect(await askControl(control, '/metrics')).toMatch(/^404/)
    const answers = await requests.stop()
    expect(answers.filter((answer) => answer !== '200 one')).toEqual([])
  })
})

test('a control address moves, and who asked for that gets the answer', async () => {
  using project = createProject({ 'one.py': helloApp('one') })
  configure(project, {})
  await using taipan = await startTaipan([], { cwd: project.folder })
  configure(project, { control: 'unix:other.sock' })
  expect(await reload(project, 'unix:control.sock')).toMatchObject({ exitCode: 0, stderr: '' })
  await taipan.waitForOutput(/controlled at unix:\S*other\.sock/)
  await expect
    .poll(() => existsSync(project.path('control.sock')), { timeout: DEADLINE })
    .toBe(false)
  expect(await askControl(project.path('other.sock'), '/health')).toMatch(/^200/)

  const port = await findFreePort()
  const ask = async (token: string): Promise<number> => {
    const headers = { authorization: `Bearer ${token}` }
    return (await fetch(`http://127.0.0.1:${port}/health`, { headers })).status
  }
  const control = (token: string) => ({ bind: `127.0.0.1:${port}`, token })
  configure(project, { control: control('first') })
  expect(await reload(project, 'unix:other.sock')).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await ask('first')).toBe(200)
  configure(project, { control: control('second') })
  taipan.kill('SIGHUP')
  await expect.poll(() => ask('second'), { timeout: DEADLINE }).toBe(200)
  expect(await ask('first')).toBe(401)
  configure(project, {})
  taipan.kill('SIGHUP')
  await expect
    .poll(() => existsSync(project.path('control.sock')), { timeout: DEADLINE })
    .toBe(true)
  await expect.poll(() => ask('second').catch(() => 'closed'), { timeout: DEADLINE }).toBe('closed')
})

test('places that cannot be had leave everything as it was', async () => {
  using project = createProject({ 'one.py': helloApp('one') })
  configure(project, { log: { access: { file: 'a.log', format: '%U' } } })
  await using taipan = await startTaipan([], { cwd: project.folder })
  for (const config of [
    { log: { access: { file: 'missing/a.log' } } },
    { metrics: taipan.url },
    { control: 'unix:missing/folder/control.sock' },
  ]) {
    configure(project, config)
    const { exitCode, stderr } = await reload(project)
    expect(exitCode, stderr).not.toBe(0)
    await ask(taipan.url, `/after-${Object.keys(config)[0]}`)
  }
  configure(project, { app: 'none.py', metrics: '/metrics', log: { access: { file: 'b.log' } } })
  expect((await reload(project)).exitCode).not.toBe(0)
  expect(await askControl(project.path('control.sock'), '/metrics')).toMatch(/^404/)
  const { exitCode } = await taipan.stop()
  expect(exitCode).toBe(0)
  expect(readFile(project.path('a.log'))).toBe('/after-log\n/after-metrics\n/after-control\n')
  expect(readFile(project.path('b.log'))).toBe('')
})
