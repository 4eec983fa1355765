import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { resolveLabGroup } from '../../support/backend-lab.ts'
import { fetchRaw, formatRequest, openRaw, pollUntil } from '../../support/raw-client.ts'

const HOST = fileURLToPath(new URL('../../fixtures/programs/backend-host.mjs', import.meta.url))

let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'taipan-orphans-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

async function startHost() {
  const group = resolveLabGroup(folder, { threads: 2 })
  const child = spawn(process.execPath, [HOST, JSON.stringify(group)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
  const url = String(line).trim()
  return { child, exited, url, worker: Number((await fetchRaw(url, '/lab/pid')).text) }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test.each([
  ['idle threads', undefined],
  ['a thread in an endless loop', 'spin'],
  ['a thread that ignores exceptions', 'stuck'],
])('no worker survives a SIGKILL of Node, with %s', async (_what, busy) => {
  const { child, exited, url, worker } = await startHost()
  if (busy !== undefined) {
    const connection = await openRaw(url)
    connection.send(formatRequest({ target: `/lab/${busy}` }))
    await pollUntil(
      async () => ((await fetchRaw(url, '/lab/hello')).status === 200 ? true : undefined),
      'an answer',
    )
  }
  expect(isThere(worker)).toBe(true)
  child.kill('SIGKILL')
  await exited
  await pollUntil(() => !isThere(worker) || undefined, 'the end of the worker', { deadline: 5000 })
})
