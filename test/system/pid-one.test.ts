import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'

import { listChildren } from '../faults/fault-lab.ts'
import { COMMAND, launchTaipan, ROOT, type RunningTaipan } from '../support/cli.ts'
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

// What an image of the documentation gives: nobody, without any right, on files that nobody can change but those of /tmp.
const CONTAINER = `
mount --make-rprivate / && mount --bind . . && mount -o remount,bind,ro . && mount -o remount,bind,ro / &&
mount -t proc proc /proc && mount -t tmpfs -o mode=777 tmpfs tmp && cd "$PWD" &&
exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --bounding-set=-all "$@"
`
const ISOLATION = [
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  'sh',
  '-c',
  CONTAINER,
  'sh',
] as const
const contained = (() => {
  using project = createProject()
  mkdirSync(project.path('tmp'))
  const { status } = spawnSync(UNSHARE, [...ISOLATION, 'true'], { cwd: project.folder })
  return process.getuid?.() === 0 && status === 0
})()

const SHOP = `
import os, time
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow":
        open("tmp/slow", "w").close()
        while os.path.exists("tmp/slow"):
            time.sleep(0.01)
    try:
        open("written", "w").close()
        text = "written"
    except OSError as error:
        text = error.strerror
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getuid()} {text}".encode()]
`

async function status(url: string): Promise<number> {
  return (await fetch(url, { signal: AbortSignal.timeout(DEADLINE) })).status
}

describe.skipIf(!contained)('in a container', () => {
  test.each([
    ['daemon', ['-p', '2']],
    ['preload', ['-p', '2', '--preload']],
    ['embedded', ['-e', 'embedded', '-p', '2']],
  ])('%s: it answers, tells probes, and drains', async (_name, words) => {
    using project = createProject({ 'app.py': SHOP })
    mkdirSync(project.path('tmp'))
    chmodSync(project.folder, 0o777)
    const places = ['-b', '127.0.0.1:0', '--metrics', 'http://127.0.0.1:0/metrics']
    const command = [COMMAND, 'serve', 'app.py', '-t', '2', ...places, ...words]
    const taipan = launchTaipan([...ISOLATION, ...command], {
      command: UNSHARE,
      cwd: project.folder,
      env: { TMPDIR: project.path('tmp'), HOME: undefined },
    })
    onTestFinished(() => taipan.kill('SIGKILL'))
    await taipan.waitForUrl()
    const probes = (await taipan.waitForOutput(/metrics at \S+(?=\/metrics)/)).slice(11)
    expect(await status(`${probes}/ready`)).toBe(200)
    expect(await get(taipan.url)).toBe('65534 Read-only file system')

    const slow = get(`${taipan.url}/slow`)
    const first = await findFirst(taipan)
    const running = `/proc/${first}/root${project.path('tmp/slow')}`
    await expect.poll(() => existsSync(running), { timeout: DEADLINE }).toBe(true)
    process.kill(first, 'SIGTERM')
    await expect.poll(() => status(`${probes}/ready`), { timeout: DEADLINE }).toBe(503)
    expect(await status(`${probes}/health`)).toBe(200)
    await expect
      .poll(() => status(taipan.url).catch(() => 'refused'), { timeout: DEADLINE })
      .toBe('refused')
    rmSync(running)
    expect(await slow).toBe('65534 Read-only file system')
    const { exitCode, output } = await taipan.waitForExit()
    expect(exitCode, output).toBe(0)
    expect(output).not.toMatch(/zombies|ended with|error/i)
  })
})

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
