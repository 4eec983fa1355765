import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { PYTHON } from '../support/backend-lab.ts'
import { ROOT, runTaipan, startTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw, pollUntil } from '../support/raw-client.ts'
import { findDoor } from '../upstreams/lrwp/support/door.ts'
import { formatOutput, registerPeer } from '../upstreams/lrwp/support/raw-peer.ts'

const PYTHON_2 = join(homedir(), '.pyenv/versions/2.7.18/bin/python2.7')
const OLD_PEER = join(ROOT, 'test/fixtures/lrwp/calc.py')
const OLD_LIBRARY = join(ROOT, 'test/fixtures/lrwp/original')
const NO_PYTHON = { TAIPAN_PYTHON: '/nonexistent/python' }
const APP = `
import os
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    names = ["SCRIPT_NAME", "PATH_INFO", "SERVER_NAME", "wsgi.url_scheme"]
    text = " ".join(environ[name] or "-" for name in names)
    return [(text + " " + environ["wsgi.input"].read().decode()).encode()]
`

/** Starts a program of Python; resolves when it has printed `ready`. */
async function startPeer(
  python: string,
  args: readonly string[],
  { folder, cwd, ready }: { folder: string; cwd: string; ready: string },
): Promise<Disposable> {
  const env = { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' }
  const peer = spawn(python, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [peer.stdout, peer.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
  try {
    await pollUntil(() => printed.includes(ready) || undefined, `${ready} of ${args.join(' ')}`)
  } catch (error) {
    peer.kill('SIGKILL')
    throw new Error(printed, { cause: error })
  }
  return { [Symbol.dispose]: () => void peer.kill('SIGKILL') }
}

describe.skipIf(!existsSync(PYTHON_2))('a peer of the old library, in Python 2', () => {
  test('is served below its name, without any Python here', async () => {
    using project = createProject({})
    await using taipan = await startTaipan(['--lrwp', '127.0.0.1:0', '-b', '127.0.0.1:0'], {
      cwd: project.folder,
      env: NO_PYTHON,
    })
    const [host = '', port = ''] = (await findDoor(taipan)).split(':')
    using _peer = await startPeer(PYTHON_2, [OLD_PEER, 'tools/calc', host, port], {
      folder: OLD_LIBRARY,
      cwd: project.folder,
      ready: 'registered',
    })
    const answer = await fetchRaw(taipan.url, {
      method: 'POST',
      target: '/tools/calc/add?a=1',
      body: 'a body',
    })
    expect(answer.status).toBe(200)
    const lines = answer.text.split('\n')
    for (const line of ['SCRIPT_NAME=/tools/calc', 'PATH_INFO=/add', 'QUERY_STRING=a=1'])
      expect(lines).toContain(line)
    expect(lines.at(-1)).toBe('a body')
    const large = await fetchRaw(taipan.url, '/tools/calc?large=1000000')
    expect(large.text).toBe('x'.repeat(1_000_000))
    expect((await fetchRaw(taipan.url, '/tools/calc?exit')).status).toBe(502)
    expect((await fetchRaw(taipan.url, '/tools/calc')).status).toBe(503)
    await taipan.waitForOutput(/GET \/tools\/calc\?large.* tools\/calc\/127\.0\.0\.1:\d+/)
    await taipan.waitForOutput(
      /lrwp: tools\/calc has lost its peer \S+ after 3 requests, 1 failure, /,
    )
  })
})

test('WSGI applications are peers, by names, hosts, passphrases and Unix sockets', async () => {
  const config = {
    bind: '127.0.0.1:0',
    routes: [{ path: '/peers', lrwp: true }],
    lrwp: { bind: ['127.0.0.1:0', 'unix:peers.sock'], passphrases: { Calc: 'open sesame' } },
  }
  using project = createProject({
    'app.py': APP,
    'taipan.config.json': JSON.stringify(config),
    right: 'open sesame\n',
    wrong: 'close sesame\n',
  })
  const cwd = project.folder
  await using taipan = await startTaipan([], { cwd })
  const door = await findDoor(taipan)
  const start = async (name: string, more: string[], ready = 'registered') => {
    const address = more.includes('--connect') ? [] : ['--connect', `tcp://${door}`]
    const args = ['-m', 'taipan.lrwp', 'app.py', '--name', name, ...address, ...more]
    return await startPeer(PYTHON, args, { folder: join(ROOT, 'python'), cwd, ready })
  }
  const get = async (target: string, host = 'a.example') => {
    const headers = [['Host', host] as const]
    const { status, text } = await fetchRaw(taipan.url, { target, headers })
    return `${status} ${text}`
  }
  using _refused = await start('calc', ['--password-file', 'wrong'], 'Unauthorized access')
  expect(await get('/peers/calc/x')).toMatch(/^503/)
  using _calc = await start('calc', ['--password-file', 'right', '--peers', '2'])
  using _shop = await start('shop', ['--connect', 'unix:peers.sock', '--host', 'a.example'])
  expect(await get('/peers/calc/x')).toBe('200 /peers/calc /x a.example http ')
  expect(await get('/peers/shop')).toBe('200 /peers/shop - a.example http ')
  expect(await get('/peers/shop', 'b.example')).toMatch(/^503/)
  const post = { method: 'POST', target: '/peers/calc', chunks: ['in ', 'chunks'] }
  expect((await fetchRaw(taipan.url, post)).text).toMatch(/ in chunks$/)
  expect(taipan.output).not.toContain('open sesame')
})

test('applications that have registered win over the one of the server', async () => {
  using project = createProject({ 'app.py': APP })
  const args = ['app.py', '--lrwp', '127.0.0.1:0', '-b', '127.0.0.1:0']
  const cwd = project.folder
  await using taipan = await startTaipan(args, { cwd })
  const connect = `tcp://${await findDoor(taipan)}`
  expect((await fetchRaw(taipan.url, '/calc')).text).toMatch(/^- \/calc /)
  using _peer = await startPeer(
    PYTHON,
    ['-m', 'taipan.lrwp', 'app.py', '--name', 'calc', '--connect', connect],
    { folder: join(ROOT, 'python'), cwd, ready: 'registered' },
  )
  expect((await fetchRaw(taipan.url, '/calc')).text).toMatch(/^\/calc - /)
  expect((await fetchRaw(taipan.url, '/other')).text).toMatch(/^- \/other /)
})

test('a server whose Python is embedded has no peers, and says so', async () => {
  using project = createProject({ 'app.py': APP })
  for (const command of ['serve', 'check']) {
    const args = [command, 'app.py', '--lrwp', '127.0.0.1:0', '-e', 'embedded']
    const { exitCode, output } = await runTaipan(args, { cwd: project.folder })
    expect(exitCode).toBe(2)
    expect(output).toMatch(/lrwp: peers register with one process/)
  }
})

test('an address that is taken ends the start', async () => {
  using project = createProject({})
  const cwd = project.folder
  await using taipan = await startTaipan(['--lrwp', '127.0.0.1:0', '-b', '127.0.0.1:0'], { cwd })
  const args = ['serve', '-b', '127.0.0.1:0', '--lrwp', await findDoor(taipan)]
  const { exitCode, output } = await runTaipan(args, { cwd })
  expect(exitCode).toBe(4)
  expect(output).toMatch(/another program listens on 127\.0\.0\.1:\d+/)
})

test('an application that cannot be loaded does not keep peers from being served', async () => {
  using project = createProject({ 'app.py': 'import nothing_like_this\n' })
  const args = ['app.py', '--lrwp', '127.0.0.1:0', '-b', '127.0.0.1:0']
  await using taipan = await startTaipan(args, { cwd: project.folder })
  using peer = await registerPeer(await findDoor(taipan), 'calc')
  void peer.serve(() => formatOutput('served'))
  expect((await fetchRaw(taipan.url, '/calc')).text).toBe('served')
  expect((await fetchRaw(taipan.url, '/other')).status).toBe(503)
})
