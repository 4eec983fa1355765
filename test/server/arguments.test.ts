import { expect, test } from 'vitest'

import { parseCommandLine } from '../../src/cli/arguments.ts'
import { resolveConfigPlan } from '../../src/server/load-plan.ts'
import type { TaipanConfig } from '../../src/server/options/schema.ts'
import { createProject } from '../support/project.ts'
import { runTaipan, startTaipan } from '../support/cli.ts'
import { messageOf } from '../support/message-of.ts'
import { PYTHON } from '../support/backend-lab.ts'

const SOURCE = `
import sys

ARGUMENTS = repr(sys.argv)
if "--break" in sys.argv:
    raise SystemExit("told to break")


def application(environ, start_response):
    start_response("200 OK", [])
    return [ARGUMENTS.encode()]
`

function argvOf(config: TaipanConfig) {
  const made = resolveConfigPlan(config, { cwd: '/', environment: {} })
  return made.groups.map(({ group }) => group.argv)
}

test('words after -- are arguments, whatever they look like', () => {
  const context = { directory: '/', environment: {} }
  const line = parseCommandLine(['serve', 'a.py', '-p', '2', '--', '-p', '--', 'x', ''], context)
  expect(line.layer.value).toMatchObject({
    app: 'a.py',
    processes: 2,
    arguments: ['-p', '--', 'x', ''],
  })
  expect(parseCommandLine(['serve', 'a.py', '--'], context).layer.value).toEqual({ app: 'a.py' })
})

test('they follow the target; an application has its own or those at the top', () => {
  expect(argvOf({ app: 'a:b', arguments: ['--x'] })).toEqual([['a:b', '--x']])
  const apps = {
    one: { target: 'one:app', group: 'a', arguments: ['--one'] },
    two: { target: 'two:app', group: 'b' },
  }
  const routes = [
    { path: '/1', app: 'one' },
    { path: '/2', app: 'two' },
  ]
  const groups = { a: {}, b: {} }
  expect(argvOf({ apps, routes, groups, arguments: ['--all'] })).toEqual([
    ['one:app', '--one'],
    ['two:app', '--all'],
  ])
})

test('applications of one process must not differ', () => {
  const apps = { one: { target: 'one:app', arguments: ['--one'] }, two: { target: 'two:app' } }
  const routes = [
    { path: '/1', app: 'one' },
    { path: '/2', app: 'two' },
  ]
  expect(messageOf(() => argvOf({ apps, routes }))).toBe(
    'apps.two.arguments: differs from apps.one.arguments, but both applications run in the processes of group "web"; put them into two groups',
  )
})

test.each(['daemon', 'embedded'])(
  'an application sees them (%s), and those of a file',
  async (engine) => {
    using project = createProject({
      'app.py': SOURCE,
      'taipan.config.json': JSON.stringify({ app: 'app.py', arguments: ['--of', 'file'] }),
    })
    const common = ['--python', PYTHON, '-b', '127.0.0.1:0', '-e', engine]
    const cwd = project.folder
    {
      await using server = await startTaipan([...common, '--', '--flag', 'a b'], { cwd })
      expect(await (await fetch(server.url)).text()).toBe("['app.py', '--flag', 'a b']")
    }
    await using server = await startTaipan(common, { cwd })
    expect(await (await fetch(server.url)).text()).toBe("['app.py', '--of', 'file']")
  },
)

test('taipan check loads with them', async () => {
  using project = createProject({ 'app.py': SOURCE })
  const check = (...words: string[]) =>
    runTaipan(['check', 'app.py', '--python', PYTHON, ...words], { cwd: project.folder })
  expect((await check()).exitCode).toBe(0)
  const broken = await check('--', '--break')
  expect([broken.exitCode, broken.output.includes('told to break')]).toEqual([3, true])
})
