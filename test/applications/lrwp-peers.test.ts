import { join } from 'node:path'

import { expect, test } from 'vitest'

import { ROOT, startTaipan } from '../support/cli.ts'
import { createProject, helloApp } from '../support/project.ts'
import { fetchRaw, pollUntil } from '../support/raw-client.ts'
import { findDoor } from '../upstreams/lrwp/support/door.ts'
import {
  formatPeerConfig,
  launchPeers,
  startPeers,
  startPeerSite,
  startProgram,
} from './support/peer-site.ts'
import { describeSample } from './support/sample-contract.ts'
import { PYTHON, SITES } from './support/site.ts'

const SAMPLES = [
  ['Flask', 'flask/app.py:app'],
  ['Falcon, validated', 'falcon/app.py:validated'],
] as const

for (const [name, target] of SAMPLES)
  describeSample({
    name: `${name}, as LRWP peers`,
    args: [join(SITES, target)],
    mount: '/peers/site',
    serve: async ([application = '']) =>
      await startPeerSite({ name: 'site', target: application, words: ['--peers', '4'] }),
    traceback: /RuntimeError: a secret of the application/,
    lacks: ['streaming'],
  })

/** A server whose peers register at a Unix socket, and programs that do. */
function createPeerProject() {
  const project = createProject({ 'app.py': helloApp('{script}') })
  const door = `unix:${project.path('peers.sock')}`
  project.write('taipan.config.json', formatPeerConfig(door))
  return {
    serve: async () => await startTaipan([], { cwd: project.folder }),
    startPeers: async (...words: string[]) =>
      await startPeers({ door, name: 'a', target: 'app.py', words, cwd: project.folder }),
    [Symbol.dispose]: () => project[Symbol.dispose](),
  }
}

test('programs that come and go cost no request but those in their hands', async () => {
  using project = createPeerProject()
  await using taipan = await project.serve()
  let programs = [await project.startPeers('--peers', '2'), await project.startPeers()]
  const statuses: number[] = []
  const over = new AbortController()
  const client = async (): Promise<void> => {
    while (!over.signal.aborted) statuses.push((await fetchRaw(taipan.url, '/peers/a')).status)
  }
  const clients = [client(), client(), client(), client()]
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGTERM'] as const) {
    programs.push(await project.startPeers())
    const [first, ...rest] = programs
    programs = rest
    const exitCode = await first?.stop(signal)
    expect(exitCode).toBe(signal === 'SIGTERM' ? 0 : null)
    const before = statuses.length
    await pollUntil(() => statuses.length > before + 50 || undefined, 'more answers')
  }
  over.abort()
  await Promise.all(clients)
  for (const program of programs) program[Symbol.dispose]()
  const failed = statuses.filter((status) => status !== 200)
  expect(new Set(failed)).toEqual(new Set(failed.length === 0 ? [] : [502]))
  // Five peers have gone.
  expect(failed.length).toBeLessThanOrEqual(5)
})

test('peers come back to a server that starts again', async () => {
  using project = createPeerProject()
  const first = await project.serve()
  using peers = await project.startPeers('--peers', '2')
  expect((await fetchRaw(first.url, '/peers/a')).text).toBe('/peers/a')
  await first.stop()
  await peers.waitForOutput(/comes back[^]*comes back/)
  await using second = await project.serve()
  await second.waitForOutput(/a has a new peer.*2 peers/)
  expect((await fetchRaw(second.url, '/peers/a')).text).toBe('/peers/a')
  expect(await peers.stop()).toBe(0)
})

test('a passphrase is proved, and whoever does not know it is told', async () => {
  using project = createProject({
    'app.py': helloApp('{script}'),
    right: 'open sesame\n',
    wrong: 'open barley\n',
  })
  const lrwp = { bind: '127.0.0.1:0', passphrases: { a: 'open sesame' } }
  project.write('taipan.config.json', JSON.stringify({ bind: ['127.0.0.1:0'], lrwp }))
  await using taipan = await startTaipan([], { cwd: project.folder })
  const peer = {
    door: `tcp://${await findDoor(taipan)}`,
    name: 'a',
    target: 'app.py',
    cwd: project.folder,
  }
  using _right = await startPeers({ ...peer, words: ['--password-file', 'right'] })
  expect((await fetchRaw(taipan.url, '/a')).text).toBe('/a')
  for (const [words, message] of [
    [['--password-file', 'wrong'], /refuses the registration of 'a'/],
    [[], /refuses the registration of 'a'.*--password-file names/],
  ] as const) {
    using refused = launchPeers({ ...peer, words })
    await refused.waitForOutput(message)
    expect(await refused.exitCode).toBe(4)
  }
})

test('the example has an application, and a program for Xitami as a peer and as a script', async () => {
  const cwd = join(ROOT, 'examples/lrwp')
  const words = ['--lrwp', '127.0.0.1:0', '-b', '127.0.0.1:0', '--python', PYTHON]
  await using taipan = await startTaipan(words, { cwd })
  const door = await findDoor(taipan)
  const [host = '', port = ''] = door.split(':')
  using _calc = startProgram(['site/calc.py', host, port], { cwd })
  using _shop = await startPeers({ door: `tcp://${door}`, name: 'shop', target: 'shop.py', cwd })
  await taipan.waitForOutput(/calc has a new peer/)
  const get = async (target: string) => (await fetchRaw(taipan.url, target)).text
  expect(await get('/')).toContain('href="/peers/calc?n=1&amp;n=2"')
  for (const path of ['/peers/calc', '/calc.py']) {
    expect(await get(`${path}?n=1&n=2`)).toBe('1 + 2 = 3\n')
    expect(await get(`${path}?n=one`)).toBe('These are no numbers: one\n')
  }
  for (const visitor of [1, 2])
    expect(await get('/peers/shop')).toBe(`You are visitor ${visitor} of /peers/shop.\n`)
})
