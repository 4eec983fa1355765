import { afterAll, afterEach, describe, expect, test } from 'vitest'

import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import { createProject } from '../support/project.ts'
import { sleep } from '../support/raw-client.ts'
import { DEADLINE } from '../support/deadlines.ts'

const APP = `
import os, time

def application(environ, start_response):
    path = environ['PATH_INFO']
    if path.startswith('/slow'):
        while not os.path.exists('gate' + path[5:]):
            time.sleep(0.01)
    if path == '/spin':
        end = time.time() + 0.3
        while time.time() < end:
            pass
    body = ('%s %s' % (path, os.getpid())).encode()
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])
    return [body]
`

const project = createProject({ 'app.py': APP })
let taipan: RunningTaipan | undefined

afterAll(() => project[Symbol.dispose]())

afterEach(async () => {
  await taipan?.stop()
})

/** Starts the application and sends so many short requests that later ones are pipelined. */
async function startWarm(...args: string[]): Promise<string> {
  const options = { cwd: project.folder }
  taipan = await startTaipan(['app.py', '-b', '127.0.0.1:0', ...args], options)
  const { url } = taipan
  for (let round = 0; round < 20; round += 1) await askMany(url, 'warm', 16)
  return url
}

async function ask(url: string, path: string): Promise<string> {
  const response = await fetch(url + path, { signal: AbortSignal.timeout(DEADLINE) })
  expect(response.status).toBe(200)
  return (await response.text()).split(' ')[0] ?? ''
}

async function askMany(url: string, name: string, count: number): Promise<void> {
  const paths = Array.from({ length: count }, (_, index) => `/${name}-${index}`)
  expect(await Promise.all(paths.map((path) => ask(url, path)))).toEqual(paths)
}

/** Lets `/slowNAME` end. */
function openGate(name: string): void {
  project.write(`gate${name}`, '')
}

describe('short requests that are pipelined', () => {
  test('each get their own answer under load', async () => {
    const url = await startWarm('-t', '4')
    for (let round = 0; round < 30; round += 1) await askMany(url, `round-${round}`, 64)
  })

  test('overtake one that waits, and none is lost', async () => {
    const url = await startWarm('-t', '4')
    for (let round = 0; round < 4; round += 1) {
      const slow = ask(url, `/slow${round}`)
      // Sent after it, so that some of them share its thread.
      await askMany(url, 'a', 30)
      openGate(String(round))
      expect(await slow).toBe(`/slow${round}`)
    }
  })

  test('are not lost after one that keeps the interpreter busy', async () => {
    const url = await startWarm('-t', '4')
    for (let round = 0; round < 4; round += 1) {
      const busy = ask(url, '/spin')
      await askMany(url, 'a', 30)
      expect(await busy).toBe('/spin')
    }
  })

  test('go to another process when their only thread is stuck', async () => {
    const url = await startWarm('-t', '1', '-p', '2')
    const slow = ask(url, '/slow-alone')
    await askMany(url, 'a', 30)
    openGate('-alone')
    expect(await slow).toBe('/slow-alone')
  })

  test('wait for a slow one if there is no other thread, and none is lost', async () => {
    const url = await startWarm('-t', '1')
    const slow = ask(url, '/slow-first')
    const others = askMany(url, 'a', 60)
    // They wait in the meantime, or arrive too late to do so.
    await sleep(100)
    openGate('-first')
    expect(await slow).toBe('/slow-first')
    await others
  })

  test('are answered completely when clients disconnect while they wait', async () => {
    const url = await startWarm('-t', '2')
    for (let round = 0; round < 5; round += 1) {
      const leaving = new AbortController()
      const lost = Array.from({ length: 40 }, (_, index) =>
        fetch(`${url}/lost-${index}`, { signal: leaving.signal }).catch(() => undefined),
      )
      const kept = askMany(url, `kept-${round}`, 40)
      leaving.abort()
      await Promise.all([kept, ...lost])
    }
  })
})
