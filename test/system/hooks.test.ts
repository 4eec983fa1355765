import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'

import { describe, expect, test } from 'vitest'

import { PYTHON } from '../applications/support/site.ts'
import { launchTaipan, startTaipan } from '../support/cli.ts'
import { createProject, type Project } from '../support/project.ts'
import { pollUntil } from '../support/raw-client.ts'

const APP = `
import os, signal
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/kill":
        os.kill(os.getpid(), signal.SIGKILL)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
`
const NOTE = `
import os
def note(*words):
    with open(os.path.join(os.path.dirname(__file__), "journal"), "a") as journal:
        journal.write(" ".join(map(str, words)) + "\\n")
`
const HOOKS = `${NOTE}
note("imported", os.getpid())
def post_fork():
    note("post_fork", os.getpid())
def worker_ready(pid):
    note("worker_ready", pid)
def worker_exit(pid):
    note("worker_exit", pid)
def child_exit(pid):
    note("child_exit", pid)
`

function readJournal(project: Project, name = 'journal'): string[] {
  const file = project.path(name)
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
}

function count(project: Project, line: string): number {
  return readJournal(project).filter((one) => one.startsWith(line)).length
}

async function waitForLine(project: Project, line: string, times = 1): Promise<void> {
  await pollUntil(() => count(project, line) >= times || undefined, `${times} x ${line}`)
}

async function fetchText(url: string): Promise<string> {
  return await (await fetch(url)).text()
}

describe.each([[[]], [['--preload']]])('hooks with %j', (options) => {
  test('are called in each process, and once for each that has ended', async () => {
    using project = createProject({ 'app.py': APP, 'taipan_hooks.py': HOOKS })
    const taipan = await startTaipan(['app.py', '-p', '2', '-b', '127.0.0.1:0', ...options], {
      cwd: project.folder,
    })
    await waitForLine(project, 'worker_ready', 2)
    expect(count(project, 'post_fork')).toBe(2)
    expect(count(project, 'imported')).toBe(options.length > 0 ? 1 : 2)
    const killed = await fetchText(taipan.url)
    expect((await fetch(`${taipan.url}/kill`)).status).toBe(502)
    await waitForLine(project, `child_exit ${killed}`)
    await waitForLine(project, 'worker_ready', 3)
    const asked = await fetchText(taipan.url)
    taipan.kill('SIGHUP')
    await waitForLine(project, `worker_exit ${asked}`)
    await waitForLine(project, `child_exit ${asked}`)
    await waitForLine(project, 'child_exit', 3)
    const { exitCode } = await taipan.stop()
    expect(exitCode).toBe(0)
    const told = readJournal(project).filter((line) => line.startsWith('child_exit'))
    expect(new Set(told).size).toBe(told.length)
    expect(readJournal(project)).not.toContain(`worker_exit ${killed}`)
  })

  test('that fail are logged, and cost nothing else', async () => {
    using project = createProject({
      'app.py': APP,
      'own_hooks.py':
        'def post_fork():\n    raise LookupError("one")\ndef worker_ready():\n    raise SystemExit("two")\n',
    })
    const taipan = await startTaipan(
      ['app.py', '-b', '127.0.0.1:0', '--hooks', 'own_hooks', ...options],
      { cwd: project.folder },
    )
    await taipan.waitForOutput(/the hook post_fork of process \d+ failed: LookupError: one/)
    await taipan.waitForOutput(/the hook worker_ready of process \d+ failed: SystemExit: two/)
    expect((await fetch(taipan.url)).status).toBe(200)
    expect((await taipan.stop()).exitCode).toBe(0)
  })

  test('startup scripts run once in each process, before requests and after what fails', async () => {
    using project = createProject({
      'app.py': APP,
      'warm/__init__.py': '',
      'warm/up.py': `${NOTE}\nnote("module", os.getpid())`,
      'script.py': `${NOTE}\nnote("file", os.getpid())`,
      'bad.py': 'raise LookupError("cold")',
    })
    const words = ['--startup', 'bad', '--startup', 'warm.up', '--startup', 'script.py']
    const taipan = await startTaipan(
      ['app.py', '-b', '127.0.0.1:0', '-p', '2', ...words, ...options],
      { cwd: project.folder },
    )
    await taipan.waitForOutput(/the startup script bad failed: LookupError: cold/)
    const pid = await fetchText(taipan.url)
    const journal = [...readJournal(project), ...readJournal(project, 'warm/journal')]
    expect(journal).toContain(`module ${pid}`)
    expect(journal).toContain(`file ${pid}`)
    await taipan.stop()
    const files = readJournal(project).filter((line) => line.startsWith('file'))
    expect(new Set(files).size).toBe(2)
    expect(files).toHaveLength(2)
  })
})

describe.each([[[]], [['--preload']]])('what is not there, with %j,', (options) => {
  test.each([
    [
      ['--hooks', 'missing_hooks'],
      'hooks names the module missing_hooks, which does not exist; correct the name, or leave the option out',
    ],
    [['--hooks', 'warm.hooks'], 'hooks names the module warm.hooks, which'],
    [['--hooks', 'bad.py'], 'hooks names the module bad.py, which does not exist; write bad, or'],
    [['--startup', 'missing'], 'startup names the module missing, which'],
    [['--startup', 'scripts/none.py'], 'scripts/none.py, which does not exist; correct the path'],
  ])('%j ends the start', async (words, message) => {
    using project = createProject({ 'app.py': APP, 'warm/__init__.py': '', 'bad.py': '' })
    const taipan = launchTaipan(['serve', 'app.py', '-b', '127.0.0.1:0', ...words, ...options], {
      cwd: project.folder,
    })
    expect((await taipan.waitForExit()).exitCode).not.toBe(0)
    expect(taipan.output).toContain(message)
    expect(taipan.output).not.toContain('Traceback')
  })
})

test('a module of hooks that cannot be imported is logged', async () => {
  using project = createProject({ 'app.py': APP, 'own_hooks.py': 'import nothing_of_the_kind' })
  const taipan = await startTaipan(['app.py', '-b', '127.0.0.1:0', '--hooks', 'own_hooks'], {
    cwd: project.folder,
  })
  await taipan.waitForOutput(/the hooks of module own_hooks could not be imported/)
  expect((await fetch(taipan.url)).status).toBe(200)
  await taipan.stop()
})

test('a reload with hooks that are gone leaves the old workers, and a service does without them', async () => {
  using project = createProject({
    'jobs.py':
      'import os, time\ndef main():\n    open("served", "w").close()\n    time.sleep(3600)\n',
    'taipan.config.mjs':
      'export default { appDirectory: "web", app: "app:application", hooks: "own_hooks", services: { one: { run: "jobs:main" } } }',
    'web/app.py': APP,
    'web/own_hooks.py': '',
  })
  const taipan = await startTaipan(['-b', '127.0.0.1:0'], { cwd: project.folder })
  await pollUntil(() => existsSync(project.path('served')) || undefined, 'the service')
  const pid = await fetchText(taipan.url)
  rmSync(project.path('web/own_hooks.py'))
  taipan.kill('SIGHUP')
  await taipan.waitForOutput(
    /not reloaded, the old code continues: .*hooks names the module own_hooks/,
  )
  expect(await fetchText(taipan.url)).toBe(pid)
  await taipan.stop()
})

const METRICS = `
import os, signal
from prometheus_client import CollectorRegistry, Gauge, generate_latest, multiprocess
workers = Gauge("living", "Workers that live", multiprocess_mode="livesum")

def application(environ, start_response):
    if environ["PATH_INFO"] == "/kill":
        os.kill(os.getpid(), signal.SIGKILL)
    workers.set(1)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [generate_latest(registry)]
`

test.runIf(existsSync(PYTHON))(
  "gauges of Prometheus' multiprocess mode go with their process",
  async () => {
    using project = createProject({
      'app.py': METRICS,
      'taipan_hooks.py':
        'from prometheus_client import multiprocess\ndef child_exit(pid):\n    multiprocess.mark_process_dead(pid)\n',
    })
    const folder = path.join(project.folder, 'metrics')
    mkdirSync(folder)
    const taipan = await startTaipan(['app.py', '-b', '127.0.0.1:0', '--python', PYTHON], {
      cwd: project.folder,
      env: { PROMETHEUS_MULTIPROC_DIR: folder },
    })
    const readLiving = async (): Promise<string | undefined> =>
      /^living (\S+)/m.exec(await fetchText(taipan.url))?.[1]
    expect(await readLiving()).toBe('1.0')
    for (let death = 0; death < 3; death++) {
      expect((await fetch(`${taipan.url}/kill`)).status).toBe(502)
      await pollUntil(async () => (await readLiving()) === '1.0' || undefined, 'one that lives')
    }
    await taipan.stop()
  },
)
