import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { PROGRAMS } from '../upstreams/spawned/support/programs.ts'
import { PYTHON } from '../support/backend-lab.ts'
import { runTaipan, startTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { isAlive, waitFor } from '../support/replicas.ts'

/** A program that answers with its pid, by SCGI, and starts another one that does not want to end. */
const ANSWER = `
import os, socket, subprocess

child = subprocess.Popen(["sh", "-c", "trap '' TERM HUP; sleep 600"])
listener = socket.socket(fileno=0)
while True:
    connection, _ = listener.accept()
    if connection.recv(65536):
        connection.sendall(f"Status: 200\\n\\n{os.getpid()} {child.pid}".encode())
    connection.close()
`

function createSite(words: readonly string[]) {
  const upstream = { spawn: words, protocol: 'scgi' }
  const config = { routes: [{ path: '/', upstream }] }
  return createProject({
    ...PROGRAMS,
    'scgi.py': ANSWER,
    'taipan.config.json': JSON.stringify(config),
  })
}

async function listPids(url: string): Promise<number[]> {
  const answer = await fetch(url, { headers: { connection: 'close' } })
  return (await answer.text()).split(' ').map(Number)
}

function hasFolder(pid: number): boolean {
  return readdirSync(tmpdir()).some((name) => name.startsWith(`taipan-programs-${pid}-`))
}

test.each(['SIGTERM', 'SIGKILL'] as const)('nothing is left after %s', async (signal) => {
  using project = createSite([PYTHON, 'scgi.py'])
  await using taipan = await startTaipan(['-b', '127.0.0.1:0'], { cwd: project.folder })
  const pids = await listPids(taipan.url)
  expect([...pids.map(isAlive), hasFolder(taipan.pid)]).toEqual([true, true, true])
  taipan.kill(signal)
  await taipan.waitForExit()
  await waitFor(() => !pids.some(isAlive) && !hasFolder(taipan.pid), 'end of the program')
})

test('SIGHUP replaces a program', async () => {
  using project = createSite([PYTHON, 'scgi.py'])
  await using taipan = await startTaipan(['-b', '127.0.0.1:0'], { cwd: project.folder })
  const before = await listPids(taipan.url)
  taipan.kill('SIGHUP')
  await taipan.waitForOutput(/reloaded/)
  const after = await listPids(taipan.url)
  expect(after).not.toEqual(before)
  await waitFor(() => !before.some(isAlive), 'end of the old program')
})

test('a change of a file of a program replaces it', async () => {
  using project = createSite([PYTHON, 'scgi.py'])
  const args = ['-b', '127.0.0.1:0', '--reload']
  await using taipan = await startTaipan(args, { cwd: project.folder })
  const before = await listPids(taipan.url)
  project.write('scgi.py', `${ANSWER}\n`)
  await taipan.waitForOutput(/scgi\.py has changed: reloading/)
  await waitFor(async () => (await listPids(taipan.url))[0] !== before[0], 'new program')
})

test('a program that is not there is told, and ends the command', async () => {
  using project = createSite(['./none', '{socket}'])
  const { exitCode, output } = await runTaipan(['serve', '-b', '127.0.0.1:0'], {
    cwd: project.folder,
  })
  expect(output).toContain(`./none does not exist below ${project.folder}`)
  expect(exitCode).toBe(5)
  expect(existsSync(project.folder)).toBe(true)
})
