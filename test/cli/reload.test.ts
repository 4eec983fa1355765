import { describe, expect, test } from 'vitest'

import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import { createProject, helloApp } from '../support/project.ts'
import { DEADLINE } from '../support/deadlines.ts'

const ENGINES = ['daemon', 'embedded'] as const

async function get(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE) })
  return `${response.status} ${await response.text()}`
}

function broken(text: string): string {
  return `raise RuntimeError("${text}")\n`
}

/** An ASGI application that answers with a text. */
function asgiApp(text: string): string {
  return `
async def application(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("no lifespan")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"${text}"})
`
}

async function waitForAnswer(url: string, wanted: string): Promise<void> {
  const deadline = Date.now() + DEADLINE
  let answer = await get(url)
  while (answer !== wanted) {
    if (Date.now() > deadline) throw new Error(`${answer} instead of ${wanted}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
    answer = await get(url)
  }
}

/** Log messages about reloads, without the start of their lines. */
function listOutcomes({ output }: RunningTaipan): string[] {
  return [
    ...output.matchAll(/^(?:.*? )??((?:error )?(?:group one: )?(?:not )?reloaded\b.*)$/gm),
  ].map(([, text = '']) => text)
}

test('--reload-dir, --reload-include and --reload-exclude say what is watched', async () => {
  using project = createProject({
    'app.py': helloApp('old'),
    'site/page.html': '',
    'site/made/page.html': '',
    'extra.ini': '',
    'other/code.py': '',
  })
  const taipan = await startTaipan(
    'app.py -b 127.0.0.1:0 --reload --reload-dir site --reload-include *.html --reload-include extra.ini --reload-exclude made'.split(
      ' ',
    ),
    { cwd: project.folder },
  )
  for (const name of ['site/made/page.html', 'other/code.py', 'site/note.txt', 'app.py'])
    project.write(name, `# ${name}\n`)
  project.write('app.py', helloApp('new'))
  project.write('site/page.html', 'new')
  await taipan.waitForOutput(/site\/page\.html has changed: reloading/)
  await waitForAnswer(taipan.url, '200 new')
  project.write('extra.ini', 'new')
  await taipan.waitForOutput(/extra\.ini has changed: reloading/)
  await taipan.waitForOutput(/reloaded$[^]*reloaded$/m)
  const { output } = await taipan.stop()
  expect(output.match(/\S+ has changed/g)).toHaveLength(2)
})

describe.each(ENGINES)('reloading, %s:', (engine) => {
  test('broken code after broken code still fails, and the log has the reason', async () => {
    using project = createProject({ 'app.py': broken('one') })
    const taipan = await startTaipan(
      ['app.py', '-b', '127.0.0.1:0', '-p', '1', '-e', engine, '--reload'],
      { cwd: project.folder },
    )
    await taipan.waitForOutput(/RuntimeError: one/)
    project.write('app.py', broken('two'))
    await taipan.waitForOutput(
      /error not reloaded, it still fails: application app\.py could not be loaded: RuntimeError: two/,
    )
    expect(await get(taipan.url)).toMatch(/^503/)
    project.write('app.py', helloApp('three'))
    await taipan.waitForOutput(/ reloaded$/m)
    // Processes that are replaced answer one more request on their connections.
    await waitForAnswer(taipan.url, '200 three')
    project.write('app.py', broken('four'))
    await taipan.waitForOutput(/error not reloaded, the old code continues: .*RuntimeError: four/)
    expect(await get(taipan.url)).toBe('200 three')
    await taipan.stop()
    expect(listOutcomes(taipan).map((text) => text.split(':')[0])).toEqual([
      'error not reloaded, it still fails',
      'reloaded',
      'error not reloaded, the old code continues',
    ])
  })

  test('an application that is loaded at its next request, too, is not reported as reloaded', async () => {
    using project = createProject({
      'app.py': helloApp('one'),
      'taipan.config.json': JSON.stringify({
        bind: '127.0.0.1:0',
        engine,
        processes: 1,
        apps: { late: { appFilename: 'app.py', callable: 'application' } },
      }),
    })
    const taipan = await startTaipan(['--reload'], { cwd: project.folder })
    expect(await get(taipan.url)).toBe('200 one')
    project.write('app.py', broken('two'))
    await taipan.waitForOutput(
      /error reloaded, but application late could not be loaded: RuntimeError: two/,
    )
    await taipan.stop()
  })
})

describe.each(ENGINES)('without reloading, %s:', (engine) => {
  test('a file that could not be loaded is served after each change that mends it', async () => {
    using project = createProject({
      'app.py': broken('one'),
      'taipan.config.json': JSON.stringify({
        bind: '127.0.0.1:0',
        engine,
        processes: 1,
        apps: {
          late: { appFilename: 'app.py', callable: 'application', reloadOnModification: true },
        },
      }),
    })
    const taipan = await startTaipan([], { cwd: project.folder })
    expect(await get(taipan.url)).toMatch(/^503/)
    project.write('app.py', asgiApp('asgi'))
    await waitForAnswer(taipan.url, '200 asgi')
    project.write('app.py', helloApp('wsgi'))
    await waitForAnswer(taipan.url, '200 wsgi')
    project.write('app.py', broken('two'))
    await waitForAnswer(taipan.url, '503 Service Unavailable\n')
    project.write('app.py', asgiApp('once more'))
    await waitForAnswer(taipan.url, '200 once more')
    const { output } = await taipan.stop()
    expect(output.match(/Traceback/g)).toHaveLength(2)
    expect(output).toContain('application late is served now')
  })
})

test('with several groups the log describes each group', async () => {
  using project = createProject({
    'a.py': helloApp('a1'),
    'b.py': helloApp('b1'),
    'taipan.config.json': JSON.stringify({
      bind: '127.0.0.1:0',
      groups: { one: { processes: 1 }, two: { processes: 1 } },
      apps: { a: { target: 'a.py', group: 'one' }, b: { target: 'b.py', group: 'two' } },
      routes: [
        { path: '/a', app: 'a' },
        { path: '/b', app: 'b' },
      ],
    }),
  })
  const taipan = await startTaipan([], { cwd: project.folder })
  project.write('a.py', broken('half'))
  project.write('b.py', helloApp('b2'))
  taipan.kill('SIGHUP')
  await taipan.waitForOutput(
    /error SIGHUP: group one: not reloaded, the old code continues: application a could not be loaded: RuntimeError: half; group two: reloaded$/m,
  )
  expect(await get(`${taipan.url}/a`)).toBe('200 a1')
  expect(await get(`${taipan.url}/b`)).toBe('200 b2')
  await taipan.stop()
})
