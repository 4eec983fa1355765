import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { ROOT, runTaipan, startTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { fetchRaw, pollUntil } from '../support/raw-client.ts'
import { findDoor } from '../upstreams/lrwp/support/door.ts'

const PYTHON_2 = join(homedir(), '.pyenv/versions/2.7.18/bin/python2.7')
const PEER = join(ROOT, 'test/fixtures/lrwp/calc.py')
const LIBRARY = join(ROOT, 'test/fixtures/lrwp/original')
const NO_PYTHON = { TAIPAN_PYTHON: '/nonexistent/python' }

/** Starts a peer of the old library. */
async function startOldPeer(name: string, door: string) {
  const [host = '', port = ''] = door.split(':')
  const peer = spawn(PYTHON_2, [PEER, name, host, port], {
    env: { PYTHONPATH: LIBRARY },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  peer.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  await pollUntil(() => printed.includes('registered') || undefined, 'the registration')
  return { [Symbol.dispose]: () => void peer.kill('SIGKILL') }
}

describe.skipIf(!existsSync(PYTHON_2))('a peer of the old library, in Python 2', () => {
  test('is served below its name, without any Python here', async () => {
    using project = createProject({})
    await using taipan = await startTaipan(['--lrwp', '127.0.0.1:0', '-b', '127.0.0.1:0'], {
      cwd: project.folder,
      env: NO_PYTHON,
    })
    const door = await findDoor(taipan)
    using _peer = await startOldPeer('tools/calc', door)
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
    await taipan.waitForOutput(/lrwp: tools\/calc has lost its peer \S+ after 3 requests/)
  })
})

test('a server whose Python is embedded has no peers, and says so', async () => {
  using project = createProject({ 'app.py': 'def app(environ, start_response): pass\n' })
  const { exitCode, output } = await runTaipan(
    ['serve', 'app.py', '--lrwp', ':0', '-e', 'embedded'],
    {
      cwd: project.folder,
    },
  )
  expect(exitCode).toBe(2)
  expect(output).toMatch(/lrwp: peers register with one process/)
})
