import { existsSync, rmSync } from 'node:fs'

import { afterEach, describe, expect, test } from 'vitest'

import type { RunningTaipan } from '../support/cli.ts'
import { createProject, type Project } from '../support/project.ts'
import { endStarted, get, isAlive, startReplicas, waitFor } from '../support/replicas.ts'

const APP = `
import os, time
while os.path.exists("hold"):
    time.sleep(0.01)
def application(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        open("reached", "w").close()
        while not os.path.exists("gate"):
            time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
`

afterEach(endStarted)

async function start(project: Project, ...args: readonly string[]): Promise<RunningTaipan> {
  return await startReplicas(project, ['-e', 'embedded', '-b', '127.0.0.1:0', ...args])
}

async function waitForOther({ url }: RunningTaipan, pid: string): Promise<void> {
  await waitFor(async () => (await get(url)) !== pid, `another replica than ${pid}`)
}

describe('replicas with embedded Python', () => {
  test('are replaced after maximumRequests, the successor first, and no request is lost', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project, '--maximum-requests', '20')
    const pids = new Set<string>()
    const ask = async (): Promise<void> => {
      while (pids.size < 3) pids.add(await get(taipan.url))
    }
    await Promise.all([ask(), ask(), ask(), ask()])
    expect([...pids].filter((pid) => !/^\d+$/.test(pid))).toEqual([])
    expect(taipan.output).toMatch(
      /worker web\/\d+ has answered \d+ requests \(maximumRequests\); it is replaced/,
    )
    expect(taipan.output).not.toMatch(/ (warning|error) (?!running as root)/)
    await taipan.stop()
  })

  test('serve until their successor is ready', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project, '--maximum-requests', '3')
    project.write('hold', '')
    const pid = await get(taipan.url)
    for (let count = 0; count < 10; count++) expect(await get(taipan.url)).toBe(pid)
    rmSync(project.path('hold'))
    await waitForOther(taipan, pid)
    await waitFor(() => !isAlive(Number(pid)), 'end of the old one')
    await taipan.stop()
  })

  test('are replaced at restartInterval', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(project, '--restart-interval', '300ms')
    await waitForOther(taipan, await get(taipan.url))
    await taipan.waitForOutput(/is \d+ s old \(restartInterval\); it is replaced/)
    await taipan.stop()
  })

  test('are replaced at SIGUSR1, after their requests', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(
      project,
      '-t',
      '2',
      '--graceful-timeout',
      '1ms',
      '--eviction-timeout',
      '0',
    )
    const pid = await get(taipan.url)
    const slow = get(`${taipan.url}/slow`)
    await waitFor(() => existsSync(project.path('reached')), 'request')
    process.kill(Number(pid), 'SIGUSR1')
    await waitForOther(taipan, pid)
    project.write('gate', '')
    expect(await slow).toBe(pid)
    expect(taipan.output).toMatch(/worker web\/\d+ got SIGUSR1; it is replaced/)
    await taipan.stop()
  })

  test('cut off at gracefulTimeout what they have when they have reached a limit', async () => {
    using project = createProject({ 'app.py': APP })
    const taipan = await start(
      project,
      '-t',
      '2',
      '--graceful-timeout',
      '200ms',
      '--maximum-requests',
      '3',
    )
    const pid = await get(taipan.url)
    const slow = fetch(`${taipan.url}/slow`)
    await waitFor(() => existsSync(project.path('reached')), 'request')
    await waitForOther(taipan, pid)
    expect((await slow).status).toBe(503)
    await taipan.stop()
  })

  test('are replaced when a request does not end after it was interrupted', async () => {
    using project = createProject({
      'app.py': APP.replace('time.sleep(0.01)\n    start', 'time.sleep(600)\n    start'),
    })
    const taipan = await start(
      project,
      '-t',
      '2',
      '--timeout-request',
      '200ms',
      '--interrupt-timeout',
      '200ms',
      '--graceful-timeout',
      '200ms',
    )
    const pid = await get(taipan.url)
    expect((await fetch(`${taipan.url}/slow`)).status).toBe(504)
    await waitForOther(taipan, pid)
    await taipan.waitForOutput(/reason=request_timeout/)
    await taipan.stop()
  })
})
