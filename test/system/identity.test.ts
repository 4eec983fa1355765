import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runTaipan, startTaipan, ROOT } from '../support/cli.ts'
import { createProject, type Project } from '../support/project.ts'

// A Python that every user can read, as no virtual environment below /root is.
const PYTHON = '/usr/bin/python3'
const isPossible = process.getuid?.() === 0 && process.platform === 'linux' && existsSync(PYTHON)

const APP = `
import _thread, json, locale, os, resource, subprocess, sys

NAMES = ["NoNewPrivs", "CapEff", "Umask"]
UID_AT_IMPORT = os.getuid()

def application(environ, start_response):
    with open("/proc/self/status") as file:
        status = dict(line.split(":", 1) for line in file)
    wanted = environ["PATH_INFO"][1:]
    facts = {
        "uid": os.getresuid(), "gid": os.getresgid(), "groups": os.getgroups(),
        "imported": UID_AT_IMPORT, "cwd": os.getcwd(), "nice": os.nice(0), "path": sys.path,
        "env": {name: os.environ.get(name) for name in ["HOME", "USER", "LOGNAME", "LANG", "LC_ALL"]},
        "data": resource.getrlimit(resource.RLIMIT_DATA),
        "locale": locale.setlocale(locale.LC_ALL), "stack": _thread.stack_size(),
        "ps": subprocess.run(["ps", "-o", "args=", "-p", str(os.getpid())], stdout=-1).stdout.decode().strip(),
        **{name: status[name].strip() for name in NAMES},
    }
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(facts[wanted] if wanted else facts).encode()]
`

let project: Project

beforeAll(() => {
  project = openProject({ 'app.py': APP })
})

afterAll(() => project[Symbol.dispose]())

/** A project that every user can enter. */
function openProject(files: Readonly<Record<string, string>> = {}): Project {
  const open = createProject(files)
  chmodSync(open.folder, 0o755)
  return open
}

async function ask(args: readonly string[], path = ''): Promise<Record<string, unknown>> {
  await using server = await start(args)
  const response = await fetch(`${server.url}/${path}`)
  const facts: Record<string, unknown> = JSON.parse(await response.text())
  return facts
}

async function start(args: readonly string[], config?: object) {
  if (config !== undefined) project.write('taipan.config.json', JSON.stringify(config))
  const words = config === undefined ? ['app.py'] : ['--config', 'taipan.config.json']
  return await startTaipan([...words, '-b', '127.0.0.1:0', '--python', PYTHON, ...args], {
    cwd: project.folder,
  })
}

async function fail(args: readonly string[]) {
  return await runTaipan(['serve', 'app.py', '-b', '127.0.0.1:0', ...args], {
    cwd: project.folder,
  })
}

describe.skipIf(!isPossible)('a worker', () => {
  test('is the user, with the groups and the home of the user', async () => {
    const { uid, gid, groups, imported, env, CapEff, NoNewPrivs } = await ask(['-u', 'www-data'])
    expect({ uid, gid, groups, imported }).toEqual({
      uid: [33, 33, 33],
      gid: [33, 33, 33],
      groups: [33],
      imported: 33,
    })
    expect(env).toMatchObject({ HOME: '/var/www', USER: 'www-data', LOGNAME: 'www-data' })
    expect({ CapEff, NoNewPrivs }).toEqual({ CapEff: '0000000000000000', NoNewPrivs: '1' })
  })

  test('is a user by number, with other groups', async () => {
    const args = ['-u', '#33', '-g', 'daemon', '--supplementary-group', 'mail,#99']
    const { uid, gid, groups } = await ask(args)
    expect({ uid, gid, groups }).toEqual({ uid: [33, 33, 33], gid: [1, 1, 1], groups: [1, 8, 99] })
  })

  test('is what its other options say', async () => {
    const words =
      '--umask 027 --home /var --lang C --locale C.UTF-8 --stack-size 300kb --cpu-priority 3'
    const more = ['--memory-limit-hard', '512mb', '--display-name', 'shop %{GROUP}']
    const facts = await ask([...words.split(' '), ...more])
    expect(facts).toMatchObject({
      Umask: '0027',
      cwd: '/var',
      env: { LANG: 'C', LC_ALL: 'C.UTF-8' },
      locale: 'C.UTF-8',
      stack: 300 * 1024,
      nice: 3,
      data: [512 * 1024 ** 2, 512 * 1024 ** 2],
      ps: 'shop web',
      uid: [0, 0, 0],
      NoNewPrivs: '0',
    })
    expect(facts['path']).toEqual(expect.arrayContaining(['/var', project.folder]))
  })

  test('has the options of its group', async () => {
    const config = {
      umask: '022',
      apps: { one: { target: 'app.py', group: 'one' }, two: { target: 'app.py', group: 'two' } },
      groups: { one: { user: 'nobody' }, two: { user: '#33', umask: '077' } },
      routes: [
        { path: '/one', app: 'one' },
        { path: '/two', app: 'two' },
      ],
    }
    await using server = await start([], config)
    const read = async (path: string) => await (await fetch(server.url + path)).json()
    expect([await read('/one/uid'), await read('/two/uid')]).toEqual([
      [65534, 65534, 65534],
      [33, 33, 33],
    ])
    expect([await read('/one/Umask'), await read('/two/Umask')]).toEqual(['0022', '0077'])
  })

  test('that is a template has children of the user', async () => {
    project.write(
      'scripts/id.py',
      'import os\nprint("Content-Type: text/plain\\n")\nprint(os.getresuid(), os.getgroups())\n',
    )
    const config = {
      user: 'nobody',
      routes: [{ path: '/', scripts: 'scripts', isolation: 'fresh' }],
    }
    await using server = await start([], config)
    expect(await (await fetch(`${server.url}/id.py`)).text()).toBe(
      '(65534, 65534, 65534) [65534]\n',
    )
  })
})

describe.skipIf(!isPossible)('what a user cannot read is named', () => {
  test('the application', async () => {
    using closed = openProject({ 'inner/app.py': APP })
    chmodSync(closed.path('inner'), 0o700)
    const args = ['serve', 'inner/app.py', '-b', '127.0.0.1:0', '--python', PYTHON, '-u', 'nobody']
    const { exitCode, output } = await runTaipan(args, { cwd: closed.folder })
    expect(output).toMatch(/user nobody cannot read the application \S+ in \S+inner/)
    expect(exitCode).not.toBe(0)
  })

  test('the interpreter', async () => {
    using closed = openProject({})
    mkdirSync(closed.path('venv/bin'), { recursive: true })
    symlinkSync(PYTHON, closed.path('venv/bin/python'))
    chmodSync(closed.path('venv'), 0o700)
    const { output } = await fail(['--python', closed.path('venv/bin/python'), '-u', 'nobody'])
    expect(output).toMatch(
      /user nobody cannot read the Python interpreter \S+python of group web, because \S+venv is closed/,
    )
  })
})

describe('wrong identities are refused', () => {
  const asRoot: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['root', ['-u', 'root'], /--user: root is root/],
    ['root by number', ['-u', '#0'], /--user: #0 is root/],
    ['an unknown user', ['-u', 'nosuchuser'], /--user: this system has no user nosuchuser/],
    [
      'an unknown group',
      ['-u', 'nobody', '-g', 'nosuch'],
      /--group: this system has no group nosuch/,
    ],
    ['a group alone', ['-g', 'daemon'], /--group: names a group without a user/],
    ['a number without a group', ['-u', '#4711'], /--user: #4711 has no entry/],
    ['a bad umask', ['--umask', '888'], /--umask: expected octal permissions such as 007/],
    ['a small stack', ['--stack-size', '1024'], /--stack-size: expected a size from/],
  ]
  test.skipIf(!isPossible).each(asRoot)('%s', async (_name, args, pattern) => {
    const { exitCode, output } = await fail(args)
    expect(output).toMatch(pattern)
    expect(exitCode).toBe(2)
  })

  const embedded: readonly (readonly [string, readonly string[]])[] = [
    ['user', ['--user', 'nobody']],
    ['cpuPriority', ['--cpu-priority', '3']],
    ['memoryLimit.hard', ['--memory-limit-hard', '1gb']],
    ['displayName', ['--display-name', 'x']],
  ]
  test.each(embedded)('%s of embedded Python', async (_key, args) => {
    const { exitCode, output } = await fail(['-e', 'embedded', ...args])
    expect(output).toContain(`${args[0]}: is for worker processes`)
    expect(exitCode).toBe(2)
  })

  test.skipIf(!isPossible)('a user without the rights of root', async () => {
    const command = `${ROOT}dist/cli/main.js`
    const args = ['--reuid=65534', '--regid=65534', '--clear-groups', command, 'serve']
    const { status, stderr } = spawnSync(
      'setpriv',
      [...args, 'app.py', '-u', 'www-data', '--cpu-priority', '-5'],
      { cwd: project.folder, encoding: 'utf8' },
    )
    expect(stderr).toMatch(/--user: needs a server that was started as root/)
    expect(stderr).toMatch(/--cpu-priority: needs a server that was started as root/)
    expect(status).toBe(2)
  })
})
