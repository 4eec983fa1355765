import { afterEach, describe, expect, test } from 'vitest'

import { launchTaipan, startTaipan, type RunningTaipan } from '../support/cli.ts'
import { DEADLINE } from '../support/deadlines.ts'
import { createProject, helloApp, type Project } from '../support/project.ts'
import { waitFor } from '../support/replicas.ts'

const started: RunningTaipan[] = []

afterEach(async () => {
  for (const taipan of started.splice(0)) {
    taipan.kill('SIGKILL')
    await taipan.waitForExit()
  }
})

/** An application that does something at its import while there is no file `sign` beside it. */
function breakingApp(statement: string, sign = 'mended'): string {
  return `
import os, time
os.write(2, b"breaking is loaded\\n")
if not os.path.exists(os.path.join(os.path.dirname(os.path.abspath(__file__)), "${sign}")):
    ${statement}
${helloApp('mended')}`
}

/** An ASGI application that does the same when its lifespan starts. */
function breakingLifespan(statement: string): string {
  return `
import asyncio, os, time
async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        if not os.path.exists(os.path.join(os.path.dirname(os.path.abspath(__file__)), "mended")):
            ${statement}
        await send({"type": "lifespan.startup.complete"})
        await receive()
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"mended"})
`
}

interface Setup {
  readonly engine: 'daemon' | 'embedded'
  readonly breaking: string
  readonly startup?: string | undefined
  readonly processes?: number
  readonly groups?: boolean
}

function createSetup({ engine, breaking, startup, processes = 1, groups }: Setup): Project {
  const config = {
    bind: '127.0.0.1:0',
    engine,
    processes,
    ...(startup !== undefined && { timeouts: { startup } }),
    groups: { one: {}, ...(groups === true && { two: {} }) },
    apps: {
      breaking: { target: 'breaking.py', group: 'one' },
      good: { target: 'good.py', group: groups === true ? 'two' : 'one' },
    },
    routes: [
      { path: '/breaking', app: 'breaking' },
      { path: '/good', app: 'good' },
    ],
  }
  return createProject({
    'breaking.py': breaking,
    'good.py': helloApp('good'),
    'taipan.config.json': JSON.stringify(config),
  })
}

async function start(project: Project, ...args: readonly string[]): Promise<RunningTaipan> {
  const taipan = await startTaipan(['--config', 'taipan.config.json', ...args], {
    cwd: project.folder,
  })
  started.push(taipan)
  return taipan
}

async function get(url: string): Promise<string> {
  const response = await fetch(url, {
    headers: { connection: 'close' },
    signal: AbortSignal.timeout(DEADLINE),
  })
  return response.status === 200 ? await response.text() : String(response.status)
}

function count(taipan: RunningTaipan, pattern: RegExp): number {
  return [...taipan.output.matchAll(pattern)].length
}

const WAYS = [
  ['ends its process', 'os._exit(5)', /the worker ended with exit code 5/, undefined],
  ['crashes', 'os.kill(os.getpid(), 11)', /the worker ended with signal SIGSEGV/, undefined],
  [
    'blocks',
    'time.sleep(1e6)',
    /not ready within 8000 ms \(timeouts\.startup\): \S+\.py line \d+ is in .*time\.sleep\(1e6\)/,
    '8s',
  ],
] as const

const LIFESPANS = [
  ['ends its process', 'os._exit(5)', /the worker ended with exit code 5/, undefined],
  [
    'blocks',
    'time.sleep(1e6)',
    /not ready within 8000 ms \(timeouts\.startup\): \S+\.py line \d+ is in .*time\.sleep\(1e6\)/,
    '8s',
  ],
  [
    'waits for ever',
    'await asyncio.sleep(1e6)',
    /not ready within 8000 ms \(timeouts\.startup\): \S+\.py line \d+ is in .*await asyncio\.sleep\(1e6\)/,
    '8s',
  ],
] as const

describe.each(['daemon', 'embedded'] as const)('an application, %s,', (engine) => {
  test.each(WAYS)(
    'that %s while it is loaded is 503 beside others, and served once it is mended',
    async (_what, statement, reason, startup) => {
      const breaking = breakingApp(statement)
      using project = createSetup({ engine, breaking, startup })
      const taipan = await start(project)
      expect(await get(`${taipan.url}/good`)).toBe('good')
      expect(await get(`${taipan.url}/breaking`)).toBe('503')
      expect(taipan.output).toMatch(reason)
      if (startup === undefined)
        await waitFor(() => count(taipan, /breaking is loaded/g) > 3, 'retries')
      expect(await get(`${taipan.url}/good`)).toBe('good')
      expect(count(taipan, /error application breaking could not be loaded/g)).toBe(1)
      project.write('mended', '')
      await waitFor(async () => (await get(`${taipan.url}/breaking`)) === 'mended', 'recovery')
      expect(await get(`${taipan.url}/good`)).toBe('good')
      await taipan.stop()
      expect(taipan.output).toMatch(/application breaking is served now/)
      const dumps = statement.startsWith('os.kill') ? 1 : 0
      expect(count(taipan, /Fatal Python error/g)).toBe(dumps)
    },
  )

  test('is tried at a reload, alone in its group and in two processes, too', async () => {
    const breaking = breakingApp('os._exit(5)')
    using project = createSetup({ engine, breaking, processes: 2, groups: true })
    const taipan = await start(project)
    expect(await get(`${taipan.url}/good`)).toBe('good')
    expect(await get(`${taipan.url}/breaking`)).toBe('503')
    project.write('mended', '')
    taipan.kill('SIGHUP')
    await taipan.waitForOutput(/^(?:.* )?reloaded$/m)
    await waitFor(async () => (await get(`${taipan.url}/breaking`)) === 'mended', 'new code')
    await taipan.stop()
  })

  test.each(LIFESPANS)(
    'whose lifespan %s is 503 beside others',
    async (_what, statement, reason, startup) => {
      const breaking = breakingLifespan(statement)
      using project = createSetup({ engine, breaking, startup })
      const taipan = await start(project)
      expect(await get(`${taipan.url}/good`)).toBe('good')
      expect(await get(`${taipan.url}/breaking`)).toBe('503')
      expect(taipan.output).toMatch(reason)
      project.write('mended', '')
      await waitFor(async () => (await get(`${taipan.url}/breaking`)) === 'mended', 'recovery')
      expect(await get(`${taipan.url}/good`)).toBe('good')
      await taipan.stop()
    },
  )

  test.each(WAYS.filter(([what]) => what !== 'crashes'))(
    'that %s after a change keeps its old code, and gets new code once it is mended',
    async (_what, statement, reason, startup) => {
      using project = createSetup({ engine, breaking: helloApp('one'), startup })
      const taipan = await start(project, '--reload')
      project.write('breaking.py', breakingApp(statement))
      await taipan.waitForOutput(
        /error not reloaded, the old code continues: application breaking /,
      )
      expect(taipan.output).toMatch(reason)
      expect(await get(`${taipan.url}/breaking`)).toBe('one')
      expect(await get(`${taipan.url}/good`)).toBe('good')
      project.write('breaking.py', helloApp('two'))
      await taipan.waitForOutput(/^(?:.* )?reloaded$/m)
      // Processes that are replaced answer until the new ones accept.
      await waitFor(async () => (await get(`${taipan.url}/breaking`)) === 'two', 'new code')
      expect(await get(`${taipan.url}/good`)).toBe('good')
      await taipan.stop()
    },
  )

  test('that ends its process and has no neighbour ends the start with 3', async () => {
    using project = createProject({ 'app.py': breakingApp('os._exit(5)') })
    const taipan = launchTaipan(['serve', 'app.py', '-b', '127.0.0.1:0', '-e', engine], {
      cwd: project.folder,
    })
    const { exitCode, output } = await taipan.waitForExit()
    expect(exitCode).toBe(3)
    expect(output).toMatch(/error: application app\.py .*ended with exit code 5/)
  })
})

describe.each(['daemon', 'embedded'] as const)('when nothing is served, %s,', (engine) => {
  test.each([
    ['an end of the process', 'os._exit(7)', /with exit code 7/, 0],
    ['a crash', 'os.kill(os.getpid(), 11)', /with signal SIGSEGV/, 1],
  ] as const)('the log has %s and the exception of another', async (_what, end, reason, dumps) => {
    const config = {
      apps: { first: { target: 'first.py' }, second: { target: 'second.py' } },
      routes: ['first', 'second'].map((app) => ({ path: `/${app}`, app })),
    }
    using project = createProject({
      'first.py': `import os\n${end}`,
      'second.py': 'raise ValueError("second")',
      'taipan.config.json': JSON.stringify(config),
    })
    const taipan = launchTaipan(['serve', '-b', '127.0.0.1:0', '-e', engine], {
      cwd: project.folder,
    })
    const { exitCode, output } = await taipan.waitForExit()
    expect(exitCode).toBe(3)
    expect(output).toMatch(reason)
    expect(output).toMatch(/application first could not be loaded: /)
    expect(output).toMatch(/application second could not be loaded: ValueError: second/)
    expect(count(taipan, /second\.py", line 1, in <module>/g)).toBe(1)
    expect(count(taipan, /Fatal Python error/g)).toBe(dumps)
  })
})

test('applications of worker processes and of embedded ones are left out, and served again, each by itself', async () => {
  const config = {
    bind: '127.0.0.1:0',
    processes: 1,
    groups: { inner: { engine: 'embedded' }, outer: { engine: 'daemon' } },
    apps: {
      inner: { target: 'inner.py', group: 'inner' },
      outer: { target: 'outer.py', group: 'outer' },
      'good-inner': { target: 'good.py', group: 'inner' },
      'good-outer': { target: 'good.py', group: 'outer' },
    },
    routes: ['inner', 'outer', 'good-inner', 'good-outer'].map((app) => ({ path: `/${app}`, app })),
  }
  using project = createProject({
    'inner.py': breakingApp('os._exit(5)', 'mended-inner'),
    'outer.py': breakingApp('os._exit(6)', 'mended-outer'),
    'good.py': helloApp('good'),
    'taipan.config.json': JSON.stringify(config),
  })
  const taipan = await start(project)
  const getAll = async (): Promise<string> => {
    const names = Object.keys(config.apps)
    const texts = await Promise.all(names.map((name) => get(`${taipan.url}/${name}`)))
    return texts.join(' ')
  }
  expect(await getAll()).toBe('503 503 good good')
  expect(taipan.output).toMatch(/application inner could not be loaded: .* exit code 5/)
  expect(taipan.output).toMatch(/application outer could not be loaded: .* exit code 6/)
  project.write('mended-outer', '')
  await waitFor(async () => (await getAll()) === '503 mended good good', 'recovery of the worker')
  project.write('mended-inner', '')
  await waitFor(async () => (await getAll()) === 'mended mended good good', 'recovery of both')
  await taipan.stop()
  expect(count(taipan, /error application inner could not be loaded/g)).toBe(1)
})

test('a failure that the worker processes of several replicas have is logged once, also at retries', async () => {
  const config = {
    bind: '127.0.0.1:0',
    processes: 2,
    groups: { inner: { engine: 'embedded' }, outer: { engine: 'daemon' } },
    apps: {
      inner: { target: 'broken.py', group: 'inner' },
      'good-inner': { target: 'good.py', group: 'inner' },
      outer: { target: 'broken.py', group: 'outer' },
      'good-outer': { target: 'good.py', group: 'outer' },
    },
  }
  using project = createProject({
    'broken.py': 'print("breaking is loaded"); raise ValueError("broken")',
    'good.py': helloApp('good'),
    'taipan.config.json': JSON.stringify({
      ...config,
      routes: Object.keys(config.apps).map((app) => ({ path: `/${app}`, app })),
    }),
  })
  const taipan = await start(project)
  // Twice in each of the replicas of the start, and of at least one that is to repair them.
  await waitFor(() => count(taipan, /breaking is loaded/g) > 5, 'retries')
  await taipan.stop()
  for (const name of ['inner', 'outer'])
    expect(count(taipan, new RegExp(`error application ${name} could not`, 'g'))).toBe(1)
})
