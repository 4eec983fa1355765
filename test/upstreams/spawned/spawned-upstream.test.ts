import { existsSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { PYTHON } from '../../applications/support/site.ts'
import { findMissing } from '../../support/peers/peer.ts'
import { nodeFastcgi, uwsgi } from '../../support/peers/programs.ts'
import { createProject } from '../../support/project.ts'
import { pollUntil } from '../../support/raw-client.ts'
import { isAlive } from '../../support/replicas.ts'
import { serveProgram, startLoad } from './support/site.ts'

const FLUP = [PYTHON, 'flup_server.py', 'fastcgi']
const UWSGI = ['uwsgi-core', '--plugin=python3', '--die-on-term', '--master', '--need-app']

const PROGRAMS = [
  { name: 'flup', needs: PYTHON, protocol: 'fastcgi', spawn: FLUP },
  {
    name: 'flup at a socket',
    needs: PYTHON,
    protocol: 'scgi',
    spawn: [PYTHON, 'flup_server.py', 'scgi', '{socket}'],
  },
  {
    name: 'flup at a port',
    needs: PYTHON,
    protocol: 'scgi',
    spawn: [PYTHON, 'flup_server.py', 'scgi', '127.0.0.1:{port}'],
  },
  {
    name: 'node-fastcgi',
    needs: findMissing(nodeFastcgi),
    protocol: 'fastcgi',
    spawn: [process.execPath, 'node-fastcgi.mjs'],
  },
  {
    name: 'gunicorn by uwsgi',
    needs: PYTHON,
    protocol: 'uwsgi',
    spawn: [
      PYTHON,
      '-m',
      'gunicorn',
      '--protocol=uwsgi',
      '--uwsgi-allow-from=*',
      '--bind=unix:{socket}',
      'gateway_lab:application',
    ],
  },
  {
    name: 'uWSGI',
    needs: findMissing(uwsgi),
    protocol: 'uwsgi',
    spawn: [...UWSGI, '--uwsgi-socket={socket}', '--module=gateway_lab:application'],
  },
] as const

describe.each(PROGRAMS)('$name', ({ protocol, spawn, needs }) => {
  test.skipIf(needs !== undefined && !existsSync(needs))('answers, and ends', async () => {
    await using site = await serveProgram({ spawn: [...spawn], protocol, processes: 2 })
    const body = Buffer.alloc(100_000, 'abc')
    const told: unknown = await (await site.ask('/echo?a=1', { method: 'POST', body })).json()
    expect(told).toMatchObject({ query: 'a=1', size: 100_000 })
    const pid = await site.findPid()
    expect(isAlive(pid)).toBe(true)
    await site.server.stop()
    expect(isAlive(pid)).toBe(false)
  })
})

describe.skipIf(!existsSync(PYTHON))('under load', () => {
  test.each([
    ['its own socket', [PYTHON, 'flup_server.py', 'scgi', '{socket}'], 'scgi'],
    ['the shared socket', FLUP, 'fastcgi'],
  ] as const)(
    'a process that is killed loses its requests only: %s',
    async (_, spawn, protocol) => {
      await using site = await serveProgram({ spawn: [...spawn], protocol, processes: 2 })
      const load = startLoad(() => site.ask('/late?seconds=0.01'), 8)
      let killed = 0
      for (; killed < 5; killed++) {
        const pid = await site.findPid()
        process.kill(pid, 'SIGKILL')
        const before = load.counts.get(200) ?? 0
        await pollUntil(() => (load.counts.get(200) ?? 0) > before + 50 || undefined, 'answers')
      }
      const { 200: answered = 0, 502: lost = 0, ...others } = await load.end()
      expect(others).toEqual({})
      expect(answered).toBeGreaterThan(250)
      expect(lost).toBeLessThanOrEqual(8 * killed)
    },
  )

  test('a program that does not come up again is a 503 until it does', async () => {
    using project = createProject()
    const broken = project.path('broken')
    const script = `[ ! -e ${broken} ] && exec "$0" flup_server.py scgi "$1"`
    const spawn = ['sh', '-c', script, PYTHON, '{socket}']
    await using site = await serveProgram({ spawn, protocol: 'scgi' })
    const pid = await site.findPid()
    project.write('broken', '')
    process.kill(pid, 'SIGKILL')
    // Its last thread has ended only when it is gone.
    await pollUntil(() => !existsSync(`/proc/${pid}`) || undefined, 'its end')
    const load = startLoad(() => site.ask('/late?seconds=0.01'), 4)
    await pollUntil(() => (load.counts.get(503) ?? 0) > 4 || undefined, 'refusals')
    rmSync(broken)
    await pollUntil(() => (load.counts.get(200) ?? 0) > 0 || undefined, 'answers')
    expect(Object.keys(await load.end()).toSorted()).toEqual(['200', '503'])
  })

  test('a reload loses nothing', async () => {
    await using site = await serveProgram({ spawn: FLUP, protocol: 'fastcgi', processes: 2 })
    const load = startLoad(() => site.ask('/late?seconds=0.01'), 8)
    for (let reloads = 0; reloads < 3; reloads++) {
      const pid = await site.findPid()
      await site.server.reload()
      expect(await site.findPid()).not.toBe(pid)
      await pollUntil(() => !isAlive(pid) || undefined, 'the end of the old ones')
    }
    expect(Object.keys(await load.end())).toEqual(['200'])
  })
})

test('a program that dies at once is a 503, and other routes are served', async () => {
  using project = createProject({ 'index.html': 'files' })
  const before = listFolders()
  await using site = await serveProgram(
    { spawn: ['sh', '-c', 'exit 3'], protocol: 'fastcgi' },
    { static: { '/files': project.folder } },
  )
  const answer = await site.ask('/')
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
  expect((await fetch(`${site.server.urls[0]}/files/`)).status).toBe(200)
  await expect(site.server.reload()).rejects.toThrow(
    'not reloaded, it still fails: program sh is not served: the program ended with exit code 3',
  )
  await site.server.stop()
  expect(listFolders()).toEqual(before)
})

test('a program that is not there ends the start', async () => {
  const before = listFolders()
  const starting = serveProgram({ spawn: ['no-such-program'], protocol: 'fastcgi' })
  await expect(starting).rejects.toMatchObject({
    code: 'PROGRAM_START',
    message: expect.stringContaining('no-such-program is in no folder of PATH'),
  })
  expect(listFolders()).toEqual(before)
})

/** Folders of sockets of this process's programs; other tests may have theirs. */
function listFolders(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`taipan-programs-${process.pid}-`))
}
