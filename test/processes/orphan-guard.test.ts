import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { createProject } from '../support/project.ts'
import { isAlive, waitFor } from '../support/replicas.ts'

// Starts three programs, one of which ignores SIGTERM and one is forgotten, and writes their pids.
const OWNER = `
import { spawn } from 'node:child_process'
import { OrphanGuard } from ${JSON.stringify(new URL('../../dist/processes/orphan-guard.js', import.meta.url).href)}

const guard = new OrphanGuard()
guard.clear(process.argv[2])
for (const text of ["trap '' TERM; sleep 60; exit", 'sleep 60; exit', 'sleep 60; exit']) {
  const child = spawn('sh', ['-c', text], { detached: true, stdio: 'ignore' })
  guard.watch(child.pid)
  if (process.argv[3] === 'none') guard.forget(child.pid)
  console.log(child.pid)
  child.unref()
}
setInterval(() => {}, 1000)
`

async function own(mode: 'all' | 'none') {
  const project = createProject({
    'owner.mjs': OWNER,
    'sockets of it/1.sock': '',
    'kept/1.txt': '',
  })
  const folder = project.path('sockets of it')
  const owner = spawn(process.execPath, [project.path('owner.mjs'), folder, mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const pids: number[] = []
  for await (const line of createInterface(owner.stdout)) if (pids.push(Number(line)) === 3) break
  return { project, folder, owner, pids }
}

test('programs end after the process that was killed, and its sockets are removed', async () => {
  const { project, folder, owner, pids } = await own('all')
  mkdirSync(project.path('other'))
  owner.kill('SIGKILL')
  await waitFor(() => !pids.some(isAlive) && !existsSync(folder), 'end of what is guarded')
  expect(existsSync(project.path('kept/1.txt'))).toBe(true)
  project[Symbol.dispose]()
})

test('a guard that was killed is replaced', async () => {
  const { project, folder, owner, pids } = await own('all')
  const findGuard = (): number | undefined => {
    const text = spawnSync('pgrep', ['-P', String(owner.pid)], { encoding: 'utf8' }).stdout
    return text
      .trim()
      .split('\n')
      .map(Number)
      .find((pid) => pid > 0 && !pids.includes(pid))
  }
  await waitFor(() => findGuard() !== undefined, 'a guard')
  const first = findGuard() ?? Number.NaN
  process.kill(first, 'SIGKILL')
  await waitFor(() => ![undefined, first].includes(findGuard()), 'another guard')
  owner.kill('SIGKILL')
  await waitFor(() => !pids.some(isAlive) && !existsSync(folder), 'end of what is guarded')
  project[Symbol.dispose]()
})

test('what is forgotten is left alone', async () => {
  const { project, folder, owner, pids } = await own('none')
  owner.kill('SIGKILL')
  await once(owner, 'exit')
  await waitFor(() => !existsSync(folder), 'end of the guard')
  expect(pids.filter(isAlive)).toEqual(pids)
  for (const pid of pids) process.kill(-pid, 'SIGKILL')
  project[Symbol.dispose]()
})
