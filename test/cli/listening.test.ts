import { once } from 'node:events'
import { statSync } from 'node:fs'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { text } from 'node:stream/consumers'

import { describe, expect, test } from 'vitest'

import { readDescriptor } from '../../src/streams/net/net-stream.ts'
import { runTaipan, startTaipan } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject, helloApp } from '../support/project.ts'

const ENGINES = ['daemon', 'embedded'] as const
const APP = `
import os
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    mask = os.umask(0o077)
    os.umask(mask)
    names = [name for name in os.environ if name.startswith(("LISTEN_", "NOTIFY_", "WATCHDOG_"))]
    return [f"{mask:03o} {os.getcwd()} {names}".encode()]
`

function fetchFrom(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path: '/', timeout: DEADLINE }, (response) => {
      text(response).then(resolve, reject)
    }).once('error', reject)
  })
}

describe.each(ENGINES)('engine %s:', (engine) => {
  test('permissions of a Unix socket, and what --umask leaves of others', async () => {
    using project = createProject({ 'app.py': APP })
    const [one, two] = [project.path('one.sock'), project.path('two.sock')]
    const taipan = await startTaipan(
      ['app.py', '-e', engine, '-b', `unix:${one}?mode=660`, '-b', `unix:${two}`, '--umask', '007'],
      { cwd: project.folder },
    )
    expect(taipan.urls).toEqual([`unix:${one}`, `unix:${two}`])
    expect(statSync(one).mode & 0o777).toBe(0o660)
    expect(statSync(two).mode & 0o777).toBe(0o770)
    expect(await fetchFrom(one)).toBe(`007 ${project.folder} []`)
    await taipan.stop()
  })

  test('group and user of a Unix socket', async () => {
    using project = createProject({ 'app.py': APP })
    const socket = project.path('x.sock')
    const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
    const isRoot = uid === 0
    const setting = isRoot ? 'user=#33&group=nogroup' : `user=${uid}&group=${gid}`
    await using taipan = await startTaipan(
      ['app.py', '-e', engine, '-b', `unix:${socket}?mode=660&${setting}`],
      { cwd: project.folder },
    )
    expect(taipan.urls).toEqual([`unix:${socket}`])
    const { mode, uid: owner, gid: group } = statSync(socket)
    expect(mode & 0o777).toBe(0o660)
    if (isRoot) expect([owner, group]).toEqual([33, 65_534])
    else expect([owner, group]).toEqual([uid, gid])
    expect(await fetchFrom(socket)).toContain(project.folder)
  })

  test('a socket that systemd has opened, by its name', async () => {
    using project = createProject({ 'app.py': APP })
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const bound = server.address()
    await using taipan = await startTaipan(['app.py', '-e', engine, '-b', 'fd:web'], {
      cwd: project.folder,
      socket: readDescriptor(server),
      env: { LISTEN_FDNAMES: 'web' },
    })
    server.close()
    expect(taipan.url).toBe(`http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`)
    const response = await fetch(taipan.url, { signal: AbortSignal.timeout(DEADLINE) })
    expect(await response.text()).toContain(`${project.folder} []`)
  })

  test('a socket that systemd has opened', async () => {
    using project = createProject({ 'app.py': APP })
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const socket = readDescriptor(server)
    const taipan = await startTaipan(['app.py', '-e', engine, '--log-format', 'json'], {
      cwd: project.folder,
      socket,
      env: { NOTIFY_SOCKET: project.path('nobody.sock'), WATCHDOG_USEC: '0', WATCHDOG_PID: '1' },
    })
    const bound = server.address()
    server.close()
    const port = typeof bound === 'object' ? bound?.port : undefined
    expect(taipan.url).toBe(`http://127.0.0.1:${port}`)
    const response = await fetch(taipan.url, { signal: AbortSignal.timeout(DEADLINE) })
    expect(await response.text()).toContain(`${project.folder} []`)
    const { stdout } = await taipan.stop()
    const records = stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    const hint = { level: 'info', msg: 'LISTEN_FDS=1 is --bind fd:3 here' }
    expect(records).toContainEqual(expect.objectContaining(hint))
  })
})

test('options of other servers: understood, told once, in JSON where the log is', async () => {
  using project = createProject()
  project.write('code/shop.py', `${helloApp('hi')}\ndef make():\n    return application\n`)
  const words = ['shop:make', '--factory', '--chdir', 'code', '-w', '2', '--lazy-apps']
  const taipan = await startTaipan(
    [...words, '--host', '127.0.0.1', '--port', '0', '--log-format', 'json'],
    { cwd: project.folder },
  )
  const response = await fetch(taipan.url, { signal: AbortSignal.timeout(DEADLINE) })
  expect(await response.text()).toBe('hi')
  const { stdout, stderr } = await taipan.stop()
  expect(stderr).toBe('')
  const records = stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
  for (const msg of [
    '-w 2 is --processes 2 here',
    "--factory is 'shop:make()' here",
    '--host 127.0.0.1 --port 0 is --bind 127.0.0.1:0 here',
    expect.stringContaining('--lazy-apps has no effect'),
  ])
    expect(
      records.filter((record) => expect.objectContaining({ msg }).asymmetricMatch(record)),
    ).toHaveLength(1)
})

test('check in the place of serve takes the same words', async () => {
  using project = createProject({ 'app.py': helloApp('hi') })
  const words = ['app.py', '-b', '127.0.0.1:0', '-w', '2', '--timeout', '30', '--static', '/s=.']
  const { exitCode, stdout, stderr } = await runTaipan(['check', ...words], {
    cwd: project.folder,
  })
  expect(exitCode).toBe(0)
  expect(stdout).toContain('loads       yes')
  expect(stderr).toContain('hint: -w 2 is --processes 2 here\n')
})
