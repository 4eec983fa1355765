import { existsSync, readFileSync, symlinkSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import type { TaipanConfig } from '../../src/index.ts'
import { createServer } from '../../src/server/create-server.ts'
import { resolveLibraryPlan } from '../../src/server/library-plan.ts'
import type { ManagedServer } from '../../src/server/managed-server.ts'
import { serve } from '../../src/server/serve.ts'
import { openLogs } from '../../src/server/open-logs.ts'
import { PYTHON } from '../support/backend-lab.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject, helloApp, type Project } from '../support/project.ts'
import { fetchRaw } from '../support/raw-client.ts'

/** Adds a line with its process to a file, then does what it is told by `HOW`. */
const JOBS = `
import os, pathlib, sys, threading, time

HERE = pathlib.Path(__file__).parent

def note(text):
    with (HERE / "notes").open("a") as notes:
        notes.write(f"{text} {os.getpid()}\\n")

def wait_for_ever():
    note("begun " + os.environ.get("HOW", ""))
    try:
        while True:
            time.sleep(3600)
    except SystemExit:
        note("ended")
        raise

def once():
    note("once")

def fail():
    note("failing")
    raise ValueError("this service is broken")

async def concurrent():
    import asyncio
    note("concurrent")
    await asyncio.sleep(3600)

class Things:
    @staticmethod
    def main():
        note("thing")
        threading.Event().wait()
`
const FILE = `
import jobs
jobs.note("file " + __name__)
jobs.wait_for_ever()
`

async function start(project: Project, more: Partial<TaipanConfig>): Promise<ManagedServer> {
  const { plan, settings } = resolveLibraryPlan({
    app: project.path('app.py'),
    bind: '127.0.0.1:0',
    log: { level: 'silent' },
    ...more,
  })
  const logs = await openLogs(settings)
  const server = await createServer(
    { ...plan, directory: project.folder },
    { ...logs, settings, inProcess: false },
  )
  await server.start()
  return server
}

function createJobs(files: Readonly<Record<string, string>> = {}): Project {
  return createProject({ 'app.py': helloApp('one'), 'jobs.py': JOBS, ...files })
}

/** What the services have noted: texts and processes. */
function readNotes(project: Project): [string, number][] {
  const path = project.path('notes')
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    })
}

async function waitForNote(project: Project, text: string, count = 1): Promise<number[]> {
  const find = (): number[] =>
    readNotes(project).flatMap(([noted, pid]) => (noted === text ? [pid] : []))
  await expect.poll(() => find().length, { timeout: DEADLINE }).toBeGreaterThanOrEqual(count)
  return find()
}

function withPath(project: Project): Record<string, string> {
  return { PYTHONPATH: project.folder }
}

describe('a service', () => {
  test('is kept running, with an environment of its own, and told of a stop', async () => {
    using project = createJobs()
    const env = { ...withPath(project), HOW: 'well' }
    {
      await using server = await start(project, {
        services: { mail: { run: 'jobs:wait_for_ever', env } },
      })
      const [first = 0] = await waitForNote(project, 'begun well')
      process.kill(first, 'SIGKILL')
      const pids = await waitForNote(project, 'begun well', 2)
      expect(new Set(pids).size).toBe(2)
      const status = await server.status()
      const group = status.groups.find(({ name }) => name === 'service:mail')
      expect(group?.restarts.crash).toBe(1)
      expect((await fetchRaw(server.urls[0] ?? '', '/')).text).toBe('one')
      expect(readNotes(project).some(([text]) => text === 'ended')).toBe(false)
    }
    const [ended] = await waitForNote(project, 'ended')
    expect(readNotes(project).at(-1)).toEqual(['ended', ended])
    expect(() => process.kill(ended ?? 0, 0)).toThrow('ESRCH')
  })

  test.each([
    ['a file', 'FILE', 'file __main__'],
    ['a function in a class', 'jobs:Things.main', 'thing'],
    ['a coroutine', 'jobs:concurrent', 'concurrent'],
  ])('may be %s', async (_what, run, note) => {
    using project = createJobs({ 'work.py': FILE })
    const program = run === 'FILE' ? project.path('work.py') : run
    await using server = await start(project, {
      services: { one: { run: program, env: withPath(project) } },
    })
    await waitForNote(project, note)
    expect(Object.keys(server.failures)).toEqual([])
  })

  test('may be a command, in several processes, which end with the server', async () => {
    using project = createJobs()
    const script = `echo "command $$" >> ${project.path('notes')}; exec sleep 3600`
    {
      await using _server = await start(project, {
        services: { shell: { run: ['sh', '-c', script], processes: 2 } },
      })
      await waitForNote(project, 'command', 2)
    }
    for (const [, pid] of readNotes(project)) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  test('that fails keeps nobody from being served', async () => {
    using project = createJobs()
    await using server = await start(project, {
      services: { bad: { run: 'jobs:fail', env: withPath(project) }, worse: { run: 'nothing:at' } },
    })
    await waitForNote(project, 'failing', 2)
    expect((await fetchRaw(server.urls[0] ?? '', '/')).text).toBe('one')
    expect(server.ready).toBe(true)
  })

  test('ends before it begins again at a reload', async () => {
    using project = createJobs()
    await using server = await start(project, {
      services: { mail: { run: 'jobs:wait_for_ever', env: withPath(project) } },
    })
    const [first] = await waitForNote(project, 'begun ')
    await server.reload()
    await waitForNote(project, 'begun ', 2)
    const texts = readNotes(project).map(([text]) => text)
    expect(texts).toEqual(['begun ', 'ended', 'begun '])
    expect(readNotes(project)[1]?.[1]).toBe(first)
  })
})

test('services of a changed configuration begin when those before have ended', async () => {
  using project = createJobs()
  const services = { mail: { run: 'jobs:wait_for_ever', env: withPath(project) } }
  await using server = await start(project, { services })
  await waitForNote(project, 'begun ')
  const { plan } = resolveLibraryPlan({
    app: project.path('app.py'),
    bind: '127.0.0.1:0',
    log: { level: 'silent' },
    services: { mail: { ...services.mail, env: { ...services.mail.env, HOW: 'anew' } } },
  })
  await server.reconfigure({ ...plan, directory: project.folder })
  await waitForNote(project, 'begun anew')
  expect(readNotes(project).map(([text]) => text)).toEqual(['begun ', 'ended', 'begun anew'])
})

describe('a job', () => {
  test('is run when it is due, and is over when it ends', async () => {
    using project = createJobs()
    await using server = await start(project, {
      cron: [{ name: 'tidy', schedule: '* * * * * *', run: 'jobs:once', env: withPath(project) }],
    })
    const pids = await waitForNote(project, 'once', 2)
    expect(new Set(pids).size).toBe(pids.length)
    await expect
      .poll(
        async () =>
          (await server.status()).groups.find(({ name }) => name === 'cron:tidy')?.restarts.crash,
        { timeout: DEADLINE },
      )
      .toBe(0)
  })

  test('that still runs is not begun again, and one that fails is tried at its next time', async () => {
    using project = createJobs()
    const env = withPath(project)
    await using server = await start(project, {
      cron: [
        { name: 'long', schedule: '* * * * * *', run: 'jobs:wait_for_ever', env },
        { name: 'bad', schedule: '* * * * * *', run: 'jobs:fail', env },
      ],
    })
    await waitForNote(project, 'failing', 2)
    expect(readNotes(project).filter(([text]) => text === 'begun ').length).toBe(1)
    expect(server.ready).toBe(true)
  })
})

describe('beside embedded applications', () => {
  const embedded = { engine: 'embedded', processes: 2 } as const

  test('a service is kept once for all replicas, and ends with the server', async () => {
    using project = createJobs()
    const services = { mail: { run: 'jobs:wait_for_ever', env: withPath(project) } }
    {
      await using server = await start(project, { ...embedded, services })
      const [first = 0] = await waitForNote(project, 'begun ')
      process.kill(first, 'SIGKILL')
      await waitForNote(project, 'begun ', 2)
      const { groups } = await server.status()
      expect(groups.map(({ name, engine }) => [name, engine])).toEqual([
        ['web', 'embedded'],
        ['service:mail', 'daemon'],
      ])
      expect(groups[1]).toMatchObject({ wanted: 1, restarts: { crash: 1 } })
      expect(groups[1]?.workers).toHaveLength(1)
      expect((await fetchRaw(server.urls[0] ?? '', '/')).text).toBe('one')
      expect(server.scale('service:mail', 2)).toEqual({ group: 'service:mail', processes: 2 })
      await waitForNote(project, 'begun ', 3)
      const stacks = await server.stacks()
      expect(stacks.filter(({ group }) => group === 'service:mail')).toHaveLength(2)
    }
    const ended = readNotes(project).filter(([text]) => text === 'ended')
    expect(ended).toHaveLength(2)
    for (const [, pid] of readNotes(project)) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  test('a service ends before it begins again, at a reload and with another configuration', async () => {
    using project = createJobs()
    const services = { mail: { run: 'jobs:wait_for_ever', env: withPath(project) } }
    await using server = await start(project, { ...embedded, services })
    await waitForNote(project, 'begun ')
    await server.reload()
    await waitForNote(project, 'begun ', 2)
    const { plan } = resolveLibraryPlan({
      ...embedded,
      app: project.path('app.py'),
      bind: '127.0.0.1:0',
      log: { level: 'silent' },
      services: { mail: { ...services.mail, env: { ...services.mail.env, HOW: 'anew' } } },
    })
    await server.reconfigure({ ...plan, directory: project.folder })
    await waitForNote(project, 'begun anew')
    const texts = readNotes(project).map(([text]) => text)
    expect(texts).toEqual(['begun ', 'ended', 'begun ', 'ended', 'begun anew'])
    await server.reconfigure({
      ...plan,
      groups: plan.groups.filter(({ group }) => group.service === undefined),
      directory: project.folder,
    })
    await waitForNote(project, 'ended', 3)
  })

  test('those that cannot be made leave the configuration before, and its services', async () => {
    using project = createJobs()
    const env = withPath(project)
    await using server = await start(project, {
      ...embedded,
      services: { mail: { run: 'jobs:wait_for_ever', env } },
    })
    await waitForNote(project, 'begun ')
    const before = await server.status()
    const { plan } = resolveLibraryPlan({
      ...embedded,
      app: project.path('app.py'),
      bind: '127.0.0.1:0',
      log: { level: 'silent' },
      services: { one: { run: 'jobs:once', env }, two: { run: 'jobs:once', env } },
    })
    symlinkSync(PYTHON, project.path('another-python'))
    const wrong = plan.groups.map((one) => {
      if (one.group.service === undefined) return one
      const isSecond = one.group.name.endsWith('two')
      const python = isSecond ? project.path('another-python') : PYTHON
      return { ...one, python, group: { ...one.group, engine: 'embedded' as const } }
    })
    const reconfigured = server.reconfigure({ ...plan, groups: wrong, directory: project.folder })
    await expect(reconfigured).rejects.toThrow('a process has one Python only')
    const pids = ({ groups }: Awaited<ReturnType<typeof server.status>>): unknown =>
      groups.map(({ name, workers }) => [name, workers.map(({ pid }) => pid)])
    expect(pids(await server.status())).toEqual(pids(before))
  })

  test('a job is run once when it is due', async () => {
    using project = createJobs()
    await using _server = await start(project, {
      ...embedded,
      cron: [
        {
          name: 'tidy',
          schedule: '* * * * * *',
          run: 'jobs:wait_for_ever',
          env: withPath(project),
        },
      ],
    })
    await waitForNote(project, 'begun ')
  })

  test('a service runs where Python runs in the process of its caller, too', async () => {
    using project = createJobs()
    const services = { mail: { run: 'jobs:wait_for_ever', env: withPath(project) } }
    await using _server = await serve({
      app: project.path('app.py'),
      bind: '127.0.0.1:0',
      engine: 'embedded',
      services,
    })
    await waitForNote(project, 'begun ')
  })
})

describe('is refused:', () => {
  test.each<[Partial<TaipanConfig>, RegExp]>([
    [{ services: { a: {} } }, /services\.a\.run: is missing/],
    [{ services: { a: { run: [] } } }, /services\.a\.run: expected a module/],
    [{ services: { a: { run: 'x', engine: 'embedded' } } }, /services\.a\.engine: is "embedded"/],
    [{ cron: [{ run: 'x' }] }, /cron\[0\]\.schedule: is missing/],
    [{ cron: [{ run: 'x', schedule: 'daily' }] }, /cron\[0\]\.schedule: expected five fields/],
    [{ cron: [{ run: 'x', schedule: '0 0 30 2 *' }] }, /never comes/],
  ])('%j', (config, message) => {
    expect(() => resolveLibraryPlan({ app: 'shop:app', ...config })).toThrow(message)
  })
})
