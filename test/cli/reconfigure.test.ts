import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import { runTaipan, startTaipan } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createCertificate, type Certificate } from '../support/certificate.ts'
import { ask, load } from '../support/constant-requests.ts'
import { findFreePort } from '../support/free-port.ts'
import { askSecure } from '../support/https-client.ts'
import { createProject, helloApp, type Project } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'
import { listReplicas } from '../support/replicas.ts'

const CONTROL = ['--control', 'unix:control.sock'] as const

function configure(project: Project, config: object): void {
  const usual = { bind: '127.0.0.1:0', processes: 1, control: 'unix:control.sock' }
  project.write('taipan.config.json', JSON.stringify({ ...usual, ...config }))
}

async function reload(project: Project): Promise<{ exitCode: number | undefined; stderr: string }> {
  return await runTaipan(['reload', ...CONTROL], { cwd: project.folder })
}

const ONE = { one: { target: 'one.py' } }
const TWO = { two: { target: 'two.py' } }

describe.each(['daemon', 'embedded'] as const)('a changed configuration, %s:', (engine) => {
  test('applications and routes come and go without a lost request', async () => {
    using project = createProject({ 'one.py': helloApp('one'), 'two.py': helloApp('two') })
    configure(project, { engine, apps: ONE, routes: [{ path: '/', app: 'one' }] })
    await using taipan = await startTaipan([], { cwd: project.folder })
    const requests = load(taipan.url)
    expect(await ask(taipan.url, '/two')).toBe('200 one')

    const both = [
      { path: '/', app: 'one' },
      { path: '/two', app: 'two' },
    ]
    configure(project, { engine, apps: { ...ONE, ...TWO }, routes: both })
    expect(await reload(project)).toMatchObject({ exitCode: 0 })
    expect(await ask(taipan.url, '/two')).toBe('200 two')
    expect(await ask(taipan.url)).toBe('200 one')

    configure(project, { engine, apps: TWO, routes: [{ path: '/', app: 'two' }] })
    taipan.kill('SIGHUP')
    await taipan.waitForOutput(/^reloaded$/m)
    expect(await ask(taipan.url)).toBe('200 two')
    const answers = await requests.stop()
    expect(answers.filter((answer) => !/^200 (?:one|two)$/.test(answer))).toEqual([])
  })

  test('one that is wrong, or cannot be loaded, leaves the old one serving', async () => {
    using project = createProject({
      'one.py': helloApp('one'),
      'two.py': 'raise RuntimeError("two is broken")\n',
    })
    configure(project, { engine, apps: ONE, routes: [{ path: '/', app: 'one' }] })
    await using taipan = await startTaipan([], { cwd: project.folder })
    configure(project, { engine, apps: ONE, routes: [{ path: '/', app: 'none' }] })
    const wrong = await reload(project)
    expect(wrong.exitCode).toBe(2)
    expect(wrong.stderr).toContain('there is no application "none"')
    expect(await ask(taipan.url)).toBe('200 one')

    const routes = [
      { path: '/', app: 'one' },
      { path: '/two', app: 'two' },
    ]
    configure(project, { engine, apps: { ...ONE, ...TWO }, routes })
    const broken = await reload(project)
    expect(broken.exitCode).toBe(3)
    expect(broken.stderr).toContain('two is broken')
    expect(await ask(taipan.url)).toBe('200 one')
  })
})

test.each(['daemon', 'embedded'])(
  'addresses that stay are kept, others are opened and closed, %s',
  async (engine) => {
    using project = createProject({ 'one.py': helloApp('one') })
    const [first, second, third] = await Promise.all([
      findFreePort(),
      findFreePort(),
      findFreePort(),
    ])
    const bind = (...ports: readonly number[]): string[] => ports.map((port) => `127.0.0.1:${port}`)
    const url = (port: number): string => `http://127.0.0.1:${port}`
    configure(project, { engine, app: 'one.py', bind: bind(first, second) })
    await using taipan = await startTaipan([], { cwd: project.folder })
    const requests = load(url(first))
    configure(project, { engine, app: 'one.py', bind: bind(first, third) })
    expect(await reload(project)).toMatchObject({ exitCode: 0 })
    expect(taipan.output).toContain(`listening on ${url(third)}`)
    expect(await ask(url(third))).toBe('200 one')
    await expect
      .poll(() => ask(url(second)).catch(() => 'closed'), { timeout: DEADLINE })
      .toBe('closed')
    const answers = await requests.stop()
    expect(new Set(answers)).toEqual(new Set(['200 one']))

    const other = createServer()
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve)
    })
    onTestFinished(() => void other.close())
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    configure(project, { engine, app: 'one.py', bind: bind(first, port) })
    const taken = await reload(project)
    expect(taken).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('another program') })
    expect(await ask(url(first))).toBe('200 one')
    expect(await ask(url(third))).toBe('200 one')
  },
)

test('embedded: certificates change without a lost request', async () => {
  using project = createProject({ 'one.py': helloApp('one') })
  const [first, second] = [createCertificate(), createCertificate()]
  const write = (name: string, { cert, key }: Certificate): object => {
    project.write(`${name}.pem`, cert)
    project.write(`${name}.key`, key)
    return { certificate: `${name}.pem`, key: `${name}.key` }
  }
  const usual = { engine: 'embedded', app: 'one.py', bind: 'https://127.0.0.1:0' }
  configure(project, { ...usual, tls: write('first', first) })
  await using taipan = await startTaipan([], { cwd: project.folder })
  const { url } = taipan
  const bodies: string[] = []
  const state = { stopped: false }
  const asking = (async () => {
    while (!state.stopped) {
      const asked = askSecure(url, { rejectUnauthorized: false })
      bodies.push(await asked.then(({ body }) => body, String))
    }
  })()
  expect((await askSecure(url, { ca: first.cert })).body).toBe('one')

  const tls = write('second', second)
  configure(project, { ...usual, tls })
  expect(await reload(project)).toMatchObject({ exitCode: 0, stderr: '' })
  expect((await askSecure(url, { ca: second.cert })).body).toBe('one')
  await expect(askSecure(url, { ca: first.cert })).rejects.toThrow(/self-signed/)
  // The files of the new configuration are looked at, too.
  const third = createCertificate()
  write('second', third)
  expect(await reload(project)).toMatchObject({ exitCode: 0, stderr: '' })
  expect((await askSecure(url, { ca: third.cert })).body).toBe('one')

  configure(project, { ...usual, tls: { certificate: 'missing.pem', key: 'missing.key' } })
  expect((await reload(project)).exitCode).not.toBe(0)
  expect((await askSecure(url, { ca: third.cert })).body).toBe('one')
  state.stopped = true
  await asking
  expect(new Set(bodies)).toEqual(new Set(['one']))
})

test('embedded: the number of processes changes without a lost request', async () => {
  using project = createProject({ 'one.py': helloApp('one') })
  configure(project, { engine: 'embedded', app: 'one.py' })
  await using taipan = await startTaipan([], { cwd: project.folder })
  const requests = load(taipan.url)
  for (const processes of [3, 1]) {
    configure(project, { engine: 'embedded', app: 'one.py', processes })
    expect(await reload(project)).toMatchObject({ exitCode: 0, stderr: '' })
    await expect.poll(() => listReplicas(taipan), { timeout: DEADLINE }).toHaveLength(processes)
  }
  expect(new Set(await requests.stop())).toEqual(new Set(['200 one']))
})

test('limits for clients are applied', async () => {
  using project = createProject({ 'one.py': helloApp('one') })
  configure(project, { app: 'one.py' })
  await using taipan = await startTaipan([], { cwd: project.folder })
  const post = async (): Promise<number> =>
    (await fetchRaw(taipan.url, { method: 'POST', body: 'x'.repeat(100) })).status
  expect(await post()).toBe(200)
  configure(project, { app: 'one.py', limits: { body: 10 } })
  expect(await reload(project)).toMatchObject({ exitCode: 0 })
  expect(await post()).toBe(413)
})

test('a file in TypeScript is read anew', async () => {
  using project = createProject({ 'one.py': helloApp('one'), 'two.py': helloApp('two') })
  const write = (app: string): void =>
    project.write(
      'taipan.config.ts',
      `export default { app: '${app}', bind: '127.0.0.1:0', processes: 1, control: 'unix:control.sock' }\n`,
    )
  write('one.py')
  await using taipan = await startTaipan([], { cwd: project.folder })
  write('two.py')
  expect(await reload(project)).toMatchObject({ exitCode: 0 })
  expect(await ask(taipan.url)).toBe('200 two')
})

test('only --reload applies a change by itself', async () => {
  using project = createProject({ 'one.py': helloApp('one'), 'two.py': helloApp('two') })
  configure(project, { app: 'one.py' })
  await using taipan = await startTaipan(['--reload'], { cwd: project.folder })
  configure(project, { app: 'two.py' })
  await taipan.waitForOutput(/taipan\.config\.json has changed: reloading/)
  await taipan.waitForOutput(/ reloaded$/m)
  expect(await ask(taipan.url)).toBe('200 two')
  // The watcher of the new configuration sees further changes.
  configure(project, { app: 'one.py' })
  await expect.poll(() => ask(taipan.url), { timeout: DEADLINE }).toBe('200 one')
})

test('what needs a restart is refused', async () => {
  using project = createProject({ 'one.py': helloApp('one') })
  configure(project, { app: 'one.py' })
  await using taipan = await startTaipan([], { cwd: project.folder })
  for (const change of [{ engine: 'embedded' }, { umask: '027' }]) {
    configure(project, { app: 'one.py', ...change })
    const refused = await reload(project)
    expect(refused.exitCode).toBe(2)
    expect(refused.stderr).toMatch(/^.*(?:engine|umask): .* restart it to apply the configuration/m)
  }
  expect(await ask(taipan.url)).toBe('200 one')
})

test('a stop ends what another configuration has started', async () => {
  using project = createProject({
    'one.py': helloApp('one'),
    'two.py': `import os, time\nopen("started", "w").write(str(os.getpid()))\ntime.sleep(60)\n`,
  })
  configure(project, { app: 'one.py' })
  await using taipan = await startTaipan([], { cwd: project.folder })
  configure(project, { app: 'two.py' })
  taipan.kill('SIGHUP')
  const started = join(project.folder, 'started')
  await expect.poll(() => existsSync(started), { timeout: DEADLINE }).toBe(true)
  const pid = Number(readFileSync(started, 'utf8'))
  expect((await taipan.stop()).exitCode).toBe(0)
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/)
})
