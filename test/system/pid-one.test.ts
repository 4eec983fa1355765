import { spawnSync } from 'node:child_process'

import { describe, expect, test } from 'vitest'

import { listChildren } from '../faults/fault-lab.ts'
import { launchTaipan, ROOT, type RunningTaipan } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject } from '../support/project.ts'

// A process namespace of its own, as a container has.
const UNSHARE = 'unshare'
const NAMESPACE = ['--pid', '--fork', '--mount-proc', '--kill-child'] as const
const possible = spawnSync(UNSHARE, [...NAMESPACE, 'true']).status === 0

// An orphan has no parent any more and is in no process group of the worker.
const APP = `
import os, subprocess
def application(environ, start_response):
    if environ["PATH_INFO"] == "/orphan":
        command = "setsid sleep 0.2 & echo $!"
        text = subprocess.check_output(["sh", "-c", command]).decode().strip()
    else:
        text = str(os.path.exists("/proc/" + environ["PATH_INFO"][1:]))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]
`

function launch(folder: string, words: readonly string[]): RunningTaipan {
  const command = `${ROOT}dist/cli/main.js`
  return launchTaipan([...NAMESPACE, command, 'serve', ...words], {
    command: UNSHARE,
    cwd: folder,
  })
}

/** The process that is PID 1 in its namespace. */
async function findFirst(taipan: RunningTaipan): Promise<number> {
  const [pid] = await listChildren(taipan.pid)
  if (pid === undefined) throw new Error(`no process:\n${taipan.output}`)
  return pid
}

async function get(url: string): Promise<string> {
  return await (await fetch(url, { signal: AbortSignal.timeout(DEADLINE) })).text()
}

describe.skipIf(!possible)('as PID 1', () => {
  test.each(['daemon', 'embedded'])(
    'orphans are reaped, workers are kept, SIGTERM stops; engine %s',
    async (engine) => {
      using project = createProject({ 'app.py': APP })
      const taipan = launch(project.folder, [
        'app.py',
        '-b',
        '127.0.0.1:0',
        '-e',
        engine,
        '-p',
        '1',
        '-t',
        '1',
      ])
      await taipan.waitForUrl()
      const orphan = await get(`${taipan.url}/orphan`)
      expect(orphan).toMatch(/^\d+$/)
      const deadline = Date.now() + DEADLINE
      while ((await get(`${taipan.url}/${orphan}`)) === 'True') {
        if (Date.now() > deadline) throw new Error(`process ${orphan} stays`)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      process.kill(await findFirst(taipan), 'SIGTERM')
      await taipan.waitForOutput(/SIGTERM: stopping gracefully/)
      expect((await taipan.waitForExit()).exitCode).toBe(0)
      expect(taipan.output).not.toMatch(/zombies|ended with/)
    },
  )

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('%s ends it while the configuration is read', async (signal, exitCode) => {
    using project = createProject({
      'taipan.config.mjs': `console.log('reading')
await new Promise((resolve) => setTimeout(resolve, 60_000))
export default {}
`,
    })
    const taipan = launch(project.folder, [])
    await taipan.waitForOutput(/reading/)
    process.kill(await findFirst(taipan), signal)
    expect((await taipan.waitForExit()).exitCode).toBe(exitCode)
  })
})
