import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { parseCommandLine } from '../../src/cli/arguments.ts'
import type { ServerPlan } from '../../src/server/config/resolved.ts'
import { defineConfig } from '../../src/server/define-config.ts'
import { loadCommandPlan, resolveConfigPlan } from '../../src/server/load-plan.ts'
import type { TaipanConfig } from '../../src/server/options/schema.ts'
import { messageOf } from '../support/message-of.ts'

const PID = 4711
let folder: string

beforeAll(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'taipan-plan-')), 'inner')
  mkdirSync(folder)
  for (const name of ['public', 'conf', 'conf/public', 'usual', 'several', 'django', 'typed'])
    mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'usual/app.py'), '')
  mkdirSync(join(folder, 'scripts'))
  writeFileSync(join(folder, 'scripts/x.py'), '')
  mkdirSync(join(folder, 'pages'))
  writeFileSync(join(folder, 'pages/index.html'), '')
  mkdirSync(join(folder, 'psp'))
  writeFileSync(join(folder, 'psp/page.psp'), '')
  writeFileSync(join(folder, 'django/manage.py'), '')
  writeFileSync(join(folder, 'django/app.py'), '')
  writeFileSync(
    join(folder, 'conf/taipan.config.json'),
    JSON.stringify({
      $schema: 'x',
      bind: '127.0.0.1:1',
      groups: { web: { processes: 2, threads: 3 } },
      apps: { shop: { target: 'shop:app' } },
      routes: [
        { path: '/static', static: 'public' },
        { path: '/', app: 'shop' },
      ],
      envFile: 'file.env',
      env: { A: 'file', B: 'file' },
      log: { level: 'error', format: 'json' },
    }),
  )
  writeFileSync(
    join(folder, 'conf/file.env'),
    '# comment\nexport X=1\nA="from # the\nfile"\nY=\'q\' # c\nEMPTY=\n',
  )
  writeFileSync(
    join(folder, 'typed/taipan.config.ts'),
    `import { defineConfig, type TaipanConfig } from 'taipan'
const config: TaipanConfig = defineConfig({ app: 'typed:app', threads: await Promise.resolve(7) })
export default config
`,
  )
})

afterAll(() => {
  rmSync(dirname(folder), { recursive: true, force: true })
})

async function command(
  words: string,
  options: { cwd?: string; environment?: Record<string, string> } = {},
): Promise<ServerPlan> {
  const { environment = {} } = options
  const directory = join(folder, options.cwd ?? '.')
  const line = parseCommandLine(['serve', ...words.split(' ').filter(Boolean)], {
    directory,
    environment,
  })
  const { layer, config, hints, warnings } = line
  return await loadCommandPlan({ layer, config, hints, warnings, environment, pid: PID })
}

function plan(config: TaipanConfig): ServerPlan {
  return resolveConfigPlan(config, { cwd: folder, environment: {} })
}

function problemOf(config: TaipanConfig): string {
  return messageOf(() => plan(config))
}

test('folders of scripts are watched for the sake of pages alone, unless a person names them', () => {
  const root = join(folder, 'scripts')
  const routes = [
    { path: '/', scripts: 'scripts' },
    { path: '/handler', handler: 'app.py:main' },
  ]
  const watched = { folders: [folder], scripts: [root] }
  expect(plan({ reload: true, routes }).watched).toMatchObject(watched)
  expect(plan({ dev: true, routes }).watched).toMatchObject(watched)
  expect(plan({ reload: true, routes: routes.slice(0, 1) }).watched.folders).toEqual([])
  expect(plan({ reload: true, routes, reloadDir: ['scripts'] }).watched).toMatchObject({
    folders: [root],
    scripts: [],
  })
})

test('folders of scripts have kinds, and what answers for a folder goes by them', () => {
  const kinds = { '.py': 'servlet', '.cgi': false, '.tmpl': 'cheetah' } as const
  const { routes, groups } = plan({
    routes: [{ path: '/', scripts: 'scripts', kinds, extension: 'optional' }],
  })
  const all = { '.py': 'servlet', '.psp': 'psp', '.wsgi': 'wsgi', '.tmpl': 'cheetah' }
  expect(groups[0]?.group.applications).toMatchObject([{ kinds: all }])
  const index = ['index', 'Index', 'main', 'Main']
    .flatMap((name) => ['.py', '.psp', '.wsgi', '.tmpl'].map((ending) => name + ending))
    .concat('index.html')
  expect(routes).toMatchObject([
    { answerer: { plan: { kinds: all, extension: 'optional', index } } },
  ])
})

test('routes of scripts say how they are run', () => {
  const usual = {
    attachStdio: true,
    setupCgiEnv: true,
    useCachingExec: true,
    installCachingExec: false,
    pspDialect: 'mod_python',
    autoescape: false,
    pools: {},
    config: {},
  }
  const other = {
    attachStdio: false,
    setupCgiEnv: false,
    useCachingExec: false,
    installCachingExec: true,
    pspDialect: 'webware' as const,
    autoescape: true,
    pools: { main: 'sqlite:/data.db' },
    config: { section: { key: 'value' } },
  }
  const routes = [
    { path: '/', scripts: 'scripts' },
    { path: '/other', scripts: 'scripts', ...other },
  ]
  expect(plan({ routes }).groups[0]?.group.applications).toMatchObject([usual, other])
})

test('pools of routes are databases, whose files nobody else gets', () => {
  const planPools = (pools: Record<string, string>) =>
    plan({ routes: [{ path: '/', scripts: 'scripts', pools, config: { a: { b: 1, c: true } } }] })
  const pools = { main: 'sqlite:data.db', here: 'sqlite::memory:', far: 'psycopg:dbname=x' }
  expect(planPools(pools).groups[0]?.group.applications).toMatchObject([
    {
      pools: { ...pools, main: `sqlite:${join(folder, 'data.db')}` },
      config: { a: { b: '1', c: 'true' } },
    },
  ])
  const problem = (main: string) => () => planPools({ main })
  expect(problem('sqlite:scripts/data.db')).toThrow(/routes\[0\]\.pools\.main: .*sent to clients/)
  expect(problem('sqlite:none/data.db')).toThrow(/pools\.main: folder .*none does not exist/)
  for (const source of ['data.db', 'sqlite:', ':x', 'a b:c'])
    expect(problem(source)).toThrow(/pools\.main.*"sqlite:FILE", or MODULE:ARGUMENT/)
})

describe('the command line', () => {
  test.each(['scripts', './scripts/', 'pages', 'psp'])(
    'serves the scripts of the folder %s',
    async (target) => {
      const { groups, routes } = await command(target)
      const name = `${basename(target)}/`
      const root = join(folder, target).replace(/\/$/, '')
      expect(groups[0]?.group.applications).toMatchObject([{ kind: 'scripts', name, root }])
      expect(routes).toMatchObject([{ path: '/', answerer: { plan: { application: name, root } } }])
    },
  )

  test.each([
    ['app.py', 'app.py'],
    ['shop.wsgi:application', 'shop.wsgi:application'],
    ['django', 'django'],
    ['./django', './django'],
    ['./', 'FOLDER'],
    ['.', 'FOLDER'],
    ['..', 'PARENT'],
    ['/', '/'],
  ])('calls the application by its target: %s', async (target, expected) => {
    const { groups, routes } = await command(target)
    const name = expected
      .replace('FOLDER', basename(folder))
      .replace('PARENT', basename(dirname(folder)))
    expect(groups[0]?.group.applications).toMatchObject([{ name, target }])
    expect(routes).toMatchObject([{ path: '/', answerer: { plan: { app: name } } }])
  })

  test('is an application at --mount in one group', async () => {
    const { groups, routes, addresses } = await command(
      'shop.wsgi:application -p 2 -t 8 --mount /shop --static /s=public -b 127.0.0.1:0 -b unix:x.sock -b [::1]:0 -b fd:3 --callable main -i wsgi',
    )
    expect(groups).toHaveLength(1)
    expect(groups[0]?.group).toMatchObject({
      processes: 2,
      threads: 8,
      argv: ['shop.wsgi:application'],
      searchPath: [folder],
      directory: folder,
    })
    expect(groups[0]?.group.applications).toMatchObject([
      {
        kind: 'target',
        target: 'shop.wsgi:application',
        callable: 'main',
        interface: 'wsgi',
        directory: folder,
      },
    ])
    expect(routes.map(({ path, answerer }) => [path, answerer.kind])).toEqual([
      ['/s', 'static'],
      ['/shop', 'app'],
    ])
    expect(routes[0]?.answerer.plan).toMatchObject({
      root: join(folder, 'public'),
      fallthrough: true,
    })
    expect(addresses).toEqual([
      { kind: 'tcp', host: '127.0.0.1', port: 0 },
      { kind: 'unix', path: join(folder, 'x.sock') },
      { kind: 'tcp', host: '::1', port: 0 },
      { kind: 'fd', fd: 3 },
    ])
  })

  test.each(['-p 3 app.py', 'app.py -p 3', '-p3 app.py', '--processes=3 app.py'])(
    '%s',
    async (words) => {
      const { groups } = await command(words)
      expect(groups[0]?.group).toMatchObject({ processes: 3, argv: ['app.py'] })
    },
  )

  test('-p auto is one per processor', async () => {
    const { groups } = await command('app.py -p auto')
    expect(groups[0]?.group.processes).toBe(availableParallelism())
  })

  test.each([
    ['-p 2-8', { processes: 2, scaling: { min: 2, max: 8, idle: 60_000 }, multiprocess: true }],
    ['-p 0-1', { processes: 1, scaling: { min: 0, max: 1, idle: 60_000 }, multiprocess: false }],
    ['-p 1-auto', { scaling: { min: 1, max: availableParallelism(), idle: 60_000 } }],
  ])('%s is a range', async (words, expected) => {
    const { groups } = await command(`app.py ${words}`)
    expect(groups[0]?.group).toMatchObject(expected)
  })

  test.each(['4-2', '0-0', '-1', '1-', '1-513'])('-p %s is refused', async (range) => {
    await expect(command(`app.py --processes=${range}`)).rejects.toThrow(
      /--processes: expected a whole number from 1 to 512, "auto", or a range like "1-8"/,
    )
  })

  test('defaults: one process, four threads, 127.0.0.1:8000, a queue of at least 200', async () => {
    const { groups, addresses } = await command('app.py')
    expect(groups[0]?.group).toMatchObject({
      processes: 1,
      threads: 4,
      startAnyway: false,
      dev: false,
    })
    expect(groups[0]?.group.queue.limit).toBeGreaterThanOrEqual(200)
    expect(addresses).toEqual([{ kind: 'tcp', host: '127.0.0.1', port: 8000 }])
  })

  test('--dev reloads, too, and both start anyway', async () => {
    expect(await command('app.py --dev')).toMatchObject({ dev: true, reload: true })
    expect((await command('app.py --reload')).groups[0]?.group).toMatchObject({
      dev: false,
      startAnyway: true,
    })
  })

  test('of several files in a folder the first usual name is used, as in Python', async () => {
    const vectors = new URL('../vectors/folder-files.json', import.meta.url)
    const names: string[] = JSON.parse(readFileSync(vectors, 'utf8'))
    expect(names.length).toBeGreaterThan(1)
    for (const name of names.toReversed()) {
      writeFileSync(join(folder, 'several', name), '')
      const { groups } = await command('', { cwd: 'several' })
      expect(groups[0]?.group.argv).toEqual([name])
    }
  })

  test('without TARGET a usual file is used, a Django project first', async () => {
    expect((await command('', { cwd: 'usual' })).groups[0]?.group.argv).toEqual(['app.py'])
    expect((await command('', { cwd: 'django' })).groups[0]?.group.argv).toEqual(['.'])
    expect((await command('--static /=public')).groups).toEqual([])
  })
})

describe('the environment of workers', () => {
  const environment = {
    PATH: '/bin',
    TAIPAN_THREADS: '2',
    VIRTUAL_ENV: '/venv',
    PYTHONPATH: '/x',
    A: 'process',
  }

  test('is that of the process without our options, then the files, then --env', async () => {
    const { groups } = await command('app.py --env-file conf/file.env --env B=2 --env C==', {
      environment,
    })
    expect(groups[0]?.group.environment).toEqual({
      PATH: '/bin',
      VIRTUAL_ENV: '/venv',
      PYTHONPATH: '/x',
      A: 'from # the\nfile',
      X: '1',
      Y: 'q',
      EMPTY: '',
      B: '2',
      C: '=',
    })
  })
})

test('problems of the schema and of what refers to other parts come together', () => {
  const problem = problemOf(
    JSON.parse(
      '{"threads":"four","apps":{"shop":{"target":"a:b","taget":1},"old":{"taget":"c:d"}},"bind":"nowhere","routes":[{"path":"/","app":"shp"},{"path":"x","app":"shop","statik":1},{"path":"/old","ap":"old"}]}',
    ),
  )
  expect(problem.split('\n').map((line) => line.trim().split(' ')[0])).toEqual([
    '8',
    'threads:',
    'apps.shop.taget:',
    'apps.old.taget:',
    'routes[1].statik:',
    'routes[2].ap:',
    'bind:',
    'routes[0].app:',
    'routes[1].path:',
  ])
})

test.each([
  ['cjs', 'module.exports = { app: "x:y", threads: 3 }'],
  ['js', 'module.exports = { app: "x:y", threads: 3 }'],
  ['js', 'export default { app: "x:y", threads: 3 }'],
  ['mjs', 'export default { app: "x:y", threads: await 3 }'],
  ['ts', 'export const other: number = 1\nexport default { app: "x:y", threads: 3 as number }'],
])('a configuration in a file .%s: %s', async (extension, text) => {
  const name = `kind-${text.length}.${extension}`
  writeFileSync(join(folder, name), text)
  const { groups } = await command(`--config ${name}`)
  expect(groups[0]?.group.threads).toBe(3)
})

test.each(['ts', 'js', 'mjs'])(
  'a file .%s with another export is told its name',
  async (extension) => {
    writeFileSync(join(folder, `named.${extension}`), 'export const config = { app: "x:y" }\n')
    await expect(command(`--config named.${extension}`)).rejects.toThrow(
      /it exports config, but nothing as default; write "export default config"/,
    )
  },
)

describe('times, limits and queue', () => {
  test('have flags and variables, for all groups', async () => {
    const { timeouts, limits, groups } = await command(
      'app.py --timeout-request 30s --timeout-idle 500ms --limit-body 2mb --queue-limit 7 --queue-timeout 0',
      { environment: { TAIPAN_TIMEOUT_SHUTDOWN: '5s', TAIPAN_LIMIT_CONNECTIONS: '9' } },
    )
    expect(timeouts).toMatchObject({ request: 30_000, idle: 500, shutdown: 5000 })
    expect(limits).toMatchObject({ body: 2 * 1024 ** 2, connections: 9 })
    expect(groups[0]?.group).toMatchObject({
      timeouts: { request: 30_000, shutdown: 5000 },
      queue: { limit: 7, timeout: 0 },
    })
  })

  test('of a group are its own ones, or else the general ones', () => {
    const { groups } = plan({
      queue: { limit: 7, timeout: '1s' },
      groups: { a: { queue: { limit: 3 } }, b: {} },
      apps: { one: { target: 'one:app', group: 'a' }, two: { target: 'two:app', group: 'b' } },
      routes: [
        { path: '/', app: 'one' },
        { path: '/two', app: 'two' },
      ],
    })
    expect(groups.map(({ group }) => group.queue)).toEqual([
      { limit: 3, timeout: 1000 },
      { limit: 7, timeout: 1000 },
    ])
  })

  test('a number below 1000 for a time in a file is probably meant as seconds', async () => {
    writeFileSync(
      join(folder, 'short.json'),
      JSON.stringify({
        app: 'x:y',
        timeouts: { request: 30, idle: 1000, ping: 0, send: '20ms' },
        groups: { web: { queue: { timeout: 60 } } },
      }),
    )
    const { warnings, timeouts } = await command('--config short.json')
    expect(timeouts.request).toBe(30)
    expect(warnings.map((warning) => warning.split(';')[0])).toEqual([
      'timeouts.request in short.json: 30 ms',
      'groups.web.queue.timeout in short.json: 60 ms',
    ])
    expect(warnings[0]).toContain('did you mean "30s"?')
  })
})

describe('addresses', () => {
  test('may be abbreviated, and what that means is said', async () => {
    const { addresses, hints } = await command('app.py -b 8000 -b :81 -b *:82 -b 127.0.0.1:83')
    expect(addresses).toEqual([
      { kind: 'tcp', host: '127.0.0.1', port: 8000 },
      { kind: 'tcp', host: '0.0.0.0', port: 81 },
      { kind: 'tcp', host: '0.0.0.0', port: 82 },
      { kind: 'tcp', host: '127.0.0.1', port: 83 },
    ])
    expect(hints).toEqual([
      '--bind: 8000 is 127.0.0.1:8000 here',
      '--bind: :81 is 0.0.0.0:81 here',
      '--bind: *:82 is 0.0.0.0:82 here',
    ])
  })

  test('of Unix sockets may say their permissions', async () => {
    const { addresses } = await command('app.py -b unix:x.sock?mode=660 -b unix:/a?b/y.sock')
    expect(addresses).toEqual([
      { kind: 'unix', path: join(folder, 'x.sock'), mode: 0o660 },
      { kind: 'unix', path: '/a?b/y.sock' },
    ])
    for (const mode of ['', '9', 'rw', '1660'])
      expect(problemOf({ app: 'x:y', bind: `unix:x?mode=${mode}` })).toMatch(/octal permissions/)
  })
})

describe('variables that are not ours', () => {
  test('PORT is every interface, but this machine alone for development', async () => {
    const environment = { PORT: '5000' }
    const { addresses, hints } = await command('app.py', { environment })
    expect(addresses).toEqual([{ kind: 'tcp', host: '0.0.0.0', port: 5000 }])
    expect(hints).toEqual([
      'PORT=5000 is --bind 0.0.0.0:5000 here, every interface; --bind says otherwise',
    ])
    const dev = await command('app.py --dev', { environment })
    expect(dev.addresses).toEqual([{ kind: 'tcp', host: '127.0.0.1', port: 5000 }])
    await expect(command('app.py', { environment: { PORT: 'x' } })).rejects.toThrow(
      /^PORT: expected a port from 0 to 65535, found "x"$/,
    )
  })

  test.each([
    ['app.py -b 127.0.0.1:1', {}],
    ['app.py', { TAIPAN_BIND: '127.0.0.1:1' }],
    ['--config conf/taipan.config.json', {}],
  ])('PORT and sockets of systemd give way to %s %j', async (words, more) => {
    const environment = { PORT: '5000', LISTEN_FDS: '1', LISTEN_PID: String(PID), ...more }
    const { addresses, hints, warnings } = await command(words, { environment })
    expect(addresses).toEqual([{ kind: 'tcp', host: '127.0.0.1', port: 1 }])
    expect(hints).toEqual([])
    expect(warnings).toContainEqual(expect.stringContaining('LISTEN_FDS'))
  })

  test.each([
    ['app.py --dev -b 0.0.0.0:1', ['0.0.0.0']],
    ['app.py --dev -b 127.0.0.1:1 -b [::]:1', ['::']],
    ['app.py --dev -b localhost:1 -b unix:x.sock', []],
    ['app.py -b 0.0.0.0:1', []],
  ])('--dev where others can connect is warned of: %s', async (words, hosts) => {
    const { warnings } = await command(words, { environment: {} })
    const told = warnings.filter((text) => text.startsWith('--dev shows source code'))
    expect(told.map((text) => /connect to ([^;]*);/.exec(text)?.[1])).toEqual(hosts)
  })

  test('a door has an address as short as any', async () => {
    const words = 'app.py -b fastcgi://9000 -b scgi://:4000 -b uwsgi://[::1]:3031/'
    const { addresses } = await command(words, { environment: {} })
    expect(addresses).toEqual([
      { kind: 'tcp', host: '127.0.0.1', port: 9000, protocol: 'fastcgi' },
      { kind: 'tcp', host: '0.0.0.0', port: 4000, protocol: 'scgi' },
      { kind: 'tcp', host: '::1', port: 3031, protocol: 'uwsgi' },
    ])
  })

  test('a door that other machines reach is told', async () => {
    const words = 'app.py -b fastcgi://0.0.0.0:1 -b scgi://127.0.0.1:1 -b uwsgi+unix:/x -b :1'
    const { hints } = await command(words, { environment: {} })
    expect(hints.filter((hint) => hint.includes('believes'))).toEqual([
      expect.stringMatching(/^--bind: fastcgi:\/\/0\.0\.0\.0:1 believes all who can connect/),
    ])
  })

  test('a socket of systemd may be told to be for another protocol', async () => {
    const environment = { LISTEN_FDS: '1', LISTEN_PID: String(PID) }
    const { addresses, warnings } = await command('app.py -b fastcgi+fd:3', { environment })
    expect(addresses).toEqual([{ kind: 'fd', fd: 3, protocol: 'fastcgi' }])
    expect(warnings).toEqual([])
  })

  test('a socket of systemd may be told by its name, which several may have', async () => {
    const environment = {
      LISTEN_FDS: '4',
      LISTEN_PID: String(PID),
      LISTEN_FDNAMES: 'web:secure:web:shop.socket',
    }
    const words = 'app.py -b fd:web?proxyProtocol=on -b scgi+fd:shop.socket -b fd:4'
    const { addresses, warnings } = await command(words, { environment })
    expect(addresses).toEqual([
      { kind: 'fd', fd: 3, proxyProtocol: true },
      { kind: 'fd', fd: 5, proxyProtocol: true },
      { kind: 'fd', fd: 6, protocol: 'scgi' },
      { kind: 'fd', fd: 4 },
    ])
    expect(warnings).toEqual([])
    for (const [more, words] of [
      [{}, /--bind: "fd:wep" is not an address: .*handed over are web, secure, shop.socket/],
      [{ LISTEN_FDNAMES: '' }, /handed over have no names/],
      [{ LISTEN_PID: '1' }, /handed over none to this process/],
    ] as const) {
      const wrong = command('app.py -b fd:wep', { environment: { ...environment, ...more } })
      await expect(wrong).rejects.toThrow(words)
    }
    await expect(command('app.py -b fd:web?mode=600', { environment })).rejects.toThrow(
      /^--bind: "fd:web\?mode=600" is not an address: fd: knows \?proxyProtocol= and .*\?mode=$/,
    )
  })

  test('sockets of systemd are taken when they are for this process', async () => {
    const environment = { LISTEN_FDS: '2', LISTEN_PID: String(PID), PORT: '5000' }
    const { addresses, hints, groups } = await command('app.py', { environment })
    expect(addresses).toEqual([
      { kind: 'fd', fd: 3 },
      { kind: 'fd', fd: 4 },
    ])
    expect(hints).toEqual(['LISTEN_FDS=2 is --bind fd:3 to fd:4 here'])
    expect(groups[0]?.group.environment).toEqual({ PORT: '5000' })
    const others = await command('app.py', { environment: { ...environment, LISTEN_PID: '1' } })
    expect(others.addresses).toMatchObject([{ port: 5000 }])
  })

  test('WEB_CONCURRENCY is how many processes there are, unless we are told', async () => {
    const environment = { WEB_CONCURRENCY: '3' }
    const { groups, hints } = await command('app.py', { environment })
    expect(groups[0]?.group.processes).toBe(3)
    expect(hints).toEqual(['WEB_CONCURRENCY=3 is --processes 3 here'])
    const told = await command('app.py -p 2', { environment })
    expect([told.groups[0]?.group.processes, told.hints]).toEqual([2, []])
    const file = await command('--config conf/taipan.config.json', { environment })
    expect(file.groups[0]?.group.processes).toBe(2)
  })
})

describe('what is watched', () => {
  test('folders and patterns of our own', async () => {
    const { watched, warnings } = await command(
      'app.py --reload --reload-dir public --reload-include *.html --reload-exclude build',
    )
    expect(watched).toMatchObject({
      folders: [join(folder, 'public')],
      include: ['*.html'],
      exclude: ['build'],
    })
    expect(warnings).toEqual([])
    const idle = await command('app.py --reload-dir public')
    expect(idle.warnings).toEqual(['--reload-dir has no effect without --reload or --dev'])
    await expect(command('app.py --reload --reload-dir nowhere')).rejects.toThrow(
      /--reload-dir: folder \S+nowhere does not exist/,
    )
  })
})

describe('warnings', () => {
  test('name variables that are not options, and the most similar option', async () => {
    const { warnings } = await command('app.py', {
      environment: {
        TAIPAN_THREAD: '2',
        TAIPAN_WORKERS: '3',
        TAIPAN_THREADS: '2',
        TAIPAN_CONFIG: '',
        TAIPANS: '1',
        // As Kubernetes sets it for a service named taipan.
        TAIPAN_SERVICE_HOST: '10.0.0.1',
        TAIPAN_PORT: 'tcp://10.0.0.1:80',
      },
    })
    expect(warnings).toEqual([
      'TAIPAN_THREAD: there is no such option, so the variable is ignored. Did you mean TAIPAN_THREADS?',
      expect.stringMatching(/^TAIPAN_WORKERS: there is no such option.* TAIPAN_PROCESSES/),
    ])
  })

  test('name lines of environment files without a variable, but not their text', async () => {
    const path = join(folder, 'loose.env')
    writeFileSync(
      path,
      `A=1\n# comment\nSECRET\n\nB="x\nno line\ny" # "\nexport C\nD='"'\nE=it's\nF\r\nG=\`a\nb\`\nH\n`,
    )
    const { warnings, groups } = await command('app.py --env-file loose.env')
    expect(warnings.map((warning) => warning.replace(path, '').split(':')[0])).toEqual([
      ', line 3',
      ', line 8',
      ', line 11',
      ', line 14',
    ])
    expect(warnings[0]).toContain('write NAME=value')
    expect(warnings.join('')).not.toContain('SECRET')
    expect(groups[0]?.group.environment).toMatchObject({ A: '1', B: 'x\nno line\ny', E: "it's" })
  })
})

describe('precedence', () => {
  const environment = {
    TAIPAN_PROCESSES: '5',
    TAIPAN_BIND: '127.0.0.1:2,127.0.0.1:3',
    TAIPAN_ACCESS_LOG: '0',
  }

  test('the file is found automatically, and its paths start at its folder', async () => {
    const { groups, routes, addresses, log } = await command('', { cwd: 'conf' })
    expect(groups[0]?.group).toMatchObject({
      processes: 2,
      threads: 3,
      directory: join(folder, 'conf'),
    })
    expect(groups[0]?.group.environment).toMatchObject({ A: 'file', X: '1' })
    expect(routes[0]?.answerer.plan).toMatchObject({
      root: join(folder, 'conf/public'),
      fallthrough: false,
    })
    expect(addresses).toMatchObject([{ port: 1 }])
    expect(log).toMatchObject({ level: 'error', format: 'json' })
  })

  test('a variable overrides the file, a flag overrides the variable', async () => {
    const words = '--config conf/taipan.config.json'
    const byVariable = await command(words, { environment })
    expect(byVariable.groups[0]?.group).toMatchObject({ processes: 5, threads: 3 })
    expect(byVariable.addresses).toMatchObject([{ port: 2 }, { port: 3 }])
    expect(byVariable.log).toMatchObject({ access: false, level: 'error' })
    const byFlag = await command(`${words} -p 7 -b 127.0.0.1:4 --env B=flag --log-level debug`, {
      environment,
    })
    expect(byFlag.groups[0]?.group.processes).toBe(7)
    expect(byFlag.groups[0]?.group.environment).toMatchObject({ A: 'file', B: 'flag' })
    expect(byFlag.addresses).toMatchObject([{ port: 4 }])
    expect(byFlag.log).toMatchObject({ level: 'debug', format: 'json' })
  })

  test('with TARGET no file is searched', async () => {
    const { groups } = await command('app.py', { cwd: 'conf' })
    expect(groups[0]?.group).toMatchObject({ processes: 1, argv: ['app.py'] })
  })

  test('TARGET and a file with applications contradict each other', async () => {
    await expect(command('app.py --config conf/taipan.config.json')).rejects.toThrow(
      /TARGET: the short form has one application only/,
    )
  })

  test('options of a TARGET need a TARGET', async () => {
    await expect(command('--mount /x --config conf/taipan.config.json')).rejects.toThrow(
      /--mount: needs a TARGET/,
    )
  })

  test('TAIPAN_APP is a TARGET', async () => {
    const { groups } = await command('', {
      environment: { TAIPAN_APP: 'x:y', TAIPAN_STATIC: '/a=public,/b=conf' },
    })
    expect(groups[0]?.group.argv).toEqual(['x:y'])
  })

  test.each(['ts', 'mts', 'js', 'mjs'])(
    'a file taipan.config.%s with defineConfig is read',
    async (extension) => {
      const cwd = `by-${extension}`
      mkdirSync(join(folder, cwd))
      writeFileSync(
        join(folder, cwd, `taipan.config.${extension}`),
        `import { defineConfig } from 'taipan'\nexport default defineConfig({ app: 'x:y', threads: 9 })\n`,
      )
      const { groups } = await command('', { cwd })
      expect(groups[0]?.group).toMatchObject({ threads: 9, argv: ['x:y'] })
    },
  )

  test('of a target in a package all of the package is watched', async () => {
    const inner = join(folder, 'outer/shop/api')
    mkdirSync(inner, { recursive: true })
    for (const name of ['__init__.py', '../__init__.py', 'wsgi.py'])
      writeFileSync(join(inner, name), '')
    const words = `${inner}/wsgi.py --app-dir ${inner} --reload`
    expect((await command(words)).watched.folders).toEqual([join(folder, 'outer/shop')])
  })

  test('a virtual environment is looked for beside a folder or a file with an attribute', async () => {
    mkdirSync(join(folder, 'placed'))
    writeFileSync(join(folder, 'placed/app.py'), '')
    for (const target of ['placed', 'placed:create("a/b")', 'placed/app.py:app', 'placed/app.py'])
      expect((await command(target)).groups[0]?.pythonDirectory).toBe(join(folder, 'placed'))
    expect((await command('missing.module:app')).groups[0]?.pythonDirectory).toBe(folder)
  })

  test('with --reload the sources are watched, but no root folder', async () => {
    expect((await command('app.py --reload')).watched.folders).toEqual([folder])
    expect((await command('usual/app.py --reload')).watched.folders).toEqual([
      folder,
      join(folder, 'usual'),
    ])
    expect((await command(`${folder}/usual/app.py --app-dir / --reload`)).watched.folders).toEqual([
      join(folder, 'usual'),
    ])
  })

  test('a TypeScript file with defineConfig is read', async () => {
    const { groups } = await command('', { cwd: 'typed' })
    expect(groups[0]?.group).toMatchObject({
      threads: 7,
      argv: ['typed:app'],
      directory: join(folder, 'typed'),
    })
  })
})

describe('a configuration', () => {
  const apps = { shop: { target: 'shop:app' }, blog: { target: 'blog:app' } }

  test('of the design is valid', () => {
    mkdirSync(join(folder, 'legacy'), { recursive: true })
    const { groups, routes, warnings } = plan(
      defineConfig({
        groups: {
          web: { engine: 'daemon', processes: 2, threads: 4, queue: { limit: 300, timeout: '5s' } },
        },
        apps: {
          shop: {
            target: 'shop.wsgi:application',
            group: 'web',
            env: { DJANGO_SETTINGS_MODULE: 'shop.settings' },
          },
          old: {
            appDirectory: 'legacy',
            callableQueryName: null,
            cacheCallables: false,
            multithread: false,
          },
        },
        routes: [
          { path: '/static', static: 'public', cacheControl: 'max-age=3600' },
          { path: '/old', app: 'old' },
          { host: 'shop.example.org', path: '/', app: 'shop' },
          { path: '/from', redirect: '/to', status: 308 },
        ],
      }),
    )
    expect(warnings).toEqual([])
    expect(routes).toHaveLength(4)
    expect(groups[0]?.group.queue).toEqual({ limit: 300, timeout: 5000 })
    expect(groups[0]?.group.environment).toEqual({ DJANGO_SETTINGS_MODULE: 'shop.settings' })
    expect(groups[0]?.group.applications[1]).toEqual({
      kind: 'file',
      name: 'old',
      interface: 'auto',
      appDirectory: join(folder, 'legacy'),
      appFilename: 'application.py',
      callable: 'handler',
      callableQueryName: undefined,
      cacheCallables: false,
      reloadOnModification: false,
      multithread: false,
    })
  })

  test('routes call the application of the short form `app`', () => {
    const config: TaipanConfig = { app: 'a:a', routes: [{ path: '/x', app: 'app' }] }
    const { routes } = resolveConfigPlan(config, { cwd: folder, environment: {} })
    expect(routes).toEqual([
      { path: '/x', answerer: { kind: 'app', plan: { app: 'a:a', group: 'web' } } },
    ])
  })

  test('with rootPath and no route serves the application there', () => {
    const app = { target: 'a:a' }
    const caller = { cwd: folder, environment: {} }
    for (const config of [{ app: 'a:a' }, { apps: { one: app } }]) {
      const plan = resolveConfigPlan({ ...config, rootPath: '/api' }, caller)
      expect([plan.rootPath, plan.routes.map(({ path }) => path)]).toEqual(['/api', ['/api']])
    }
  })

  test('with one application and no route serves it at /', () => {
    const { routes } = plan({ apps: { shop: { target: 'x:y' } } })
    expect(routes).toEqual([
      {
        host: undefined,
        path: '/',
        answerer: { kind: 'app', plan: { app: 'shop', group: 'web' } },
      },
    ])
  })

  test('warns about an application without a route, and about callableQueryName', () => {
    const { warnings } = plan({
      apps: { ...apps, old: { appFilename: 'old.py', callableQueryName: 'name' } },
      routes: [
        { path: '/', app: 'shop' },
        { path: '/old', app: 'old' },
      ],
    })
    expect(warnings).toEqual([
      expect.stringContaining('application blog has no route'),
      expect.stringMatching(/apps\.old\.callableQueryName: every client can select/),
    ])
  })

  test.each<[TaipanConfig, RegExp]>([
    [
      { apps: { shop: { target: 'x:y', group: 'wbe' } }, groups: { web: {}, api: {} } },
      /apps\.shop\.group: there is no group "wbe"\. Did you mean web\?/,
    ],
    [
      { apps, groups: { web: {}, api: {} } },
      /apps\.shop\.group: is missing; there are several groups: web, api/,
    ],
    [
      { apps, routes: [{ path: '/', app: 'shpo' }] },
      /routes\[0\]\.app: there is no application "shpo"\. Did you mean shop\?/,
    ],
    [
      { apps, routes: [{ path: '/' }] },
      /routes\[0\]: needs exactly one answerer \(app, scripts, cgi, handler, modPython, pyisapie, static, redirect, lrwp, upstream\), found none/,
    ],
    [{ apps, routes: [{ path: '/', app: 'shop', redirect: '/x' }] }, /found app and redirect/],
    [
      { apps, routes: [{ path: '/', app: 'shop', status: 301 }] },
      /routes\[0\]\.status: belongs to a route with "redirect"/,
    ],
    [
      {
        apps,
        routes: [
          { path: '/a', app: 'shop' },
          { path: '/a/', app: 'blog' },
        ],
      },
      /routes\[1\]: has the same path as routes\[0\]/,
    ],
    [
      { apps: { a: { target: 'a:a', env: { X: '1' } }, b: { target: 'b:b', env: { X: '2' } } } },
      /apps\.b\.env\.X: differs from apps\.a\.env\.X.*two groups/,
    ],
    [{ apps: { a: {} } }, /apps\.a: names no application; give target/],
    [
      { apps: { a: { target: 'a:a', appFilename: 'x.py' } } },
      /apps\.a: has both target and appFilename/,
    ],
    [{ app: 'a:a', apps }, /app: the short form has one application only/],
    [{}, /serves nothing/],
    [
      { routes: [{ path: '/', scripts: 'scripts', kinds: { '.x': 'none' } }] },
      /kinds\["\.x"\]: expected "script", .*, a function like "pkg\.mod:handle", or false, found "none"/,
    ],
    [
      { routes: [{ path: '/', static: 'scripts', errorPages: { '200': '/x' } }] },
      /errorPages\[200\]: the name must be a status from 400 to 599/,
    ],
    [
      { routes: [{ path: '/', static: 'scripts', errorPages: { '404': 'x.html' } }] },
      /errorPages\[404\]: expected the path of a page in a URL, such as "\/missing\.html", found/,
    ],
    [{ routes: [{ path: '/', upstream: {} }] }, /^routes\[0\]\.upstream: names no address/],
    [
      { routes: [{ path: '/', upstream: 'ftp://a:1' }] },
      /^routes\[0\]\.upstream: "ftp:\/\/a:1" is no address of an upstream: it begins with one of/,
    ],
    [
      { routes: [{ path: '/', upstream: 'scgi://a:1', split: '.php' }] },
      /^routes\[0\]\.split: needs root/,
    ],
    [
      { routes: [{ path: '/', upstream: 'scgi://a:1', root: '.', split: 'php' }] },
      /^routes\[0\]\.split: "php" is no extension; write one like "\.php"/,
    ],
    [
      { routes: [{ path: '/', upstream: { urls: 'scgi://a:1', sendfile: 'nowhere' } }] },
      /^routes\[0\]\.upstream\.sendfile: folder \S+nowhere does not exist/,
    ],
    [
      { routes: [{ path: '/', upstream: { urls: 'scgi://a:1', balance: { hash: 'X-User' } } }] },
      /^routes\[0\]\.upstream\.balance/,
    ],
    [
      { routes: [{ path: '/', upstream: { urls: 'http://a', health: { path: 'alive' } } }] },
      /^routes\[0\]\.upstream\.health\.path: expected a path of a URL, such as "\/health"/,
    ],
    [{ upstream: { '/x': '' } }, /^upstream\["\/x"\]: "" is no address of an upstream/],
    [{ upstream: { '/x': 'scgi://a' } }, /^upstream\["\/x"\]: .*the port is missing/],
    [{ routes: [{ path: '/', handler: 'act.py' }] }, /handler: "act\.py" names no function/],
    [{ apps }, /routes: is missing, but there are several applications/],
    [
      { app: 'a:a', routes: [{ path: '/x', redirect: '//other.example' }] },
      /routes\[0\]\.redirect: .*neither a path/,
    ],
    [
      { app: 'a:a', routes: [{ path: '/', host: 'http://x', app: 'app' }] },
      /routes\[0\]\.host: .*neither a host name/,
    ],
    [
      { app: 'a:a', routes: [{ path: '/a//b', redirect: '/c' }] },
      /routes\[0\]\.path: .*empty segment/,
    ],
    [{ app: 'a:a', mount: '/a/../b' }, /mount: .*dot segment/],
    [{ app: 'a:a', rootPath: 'api' }, /^rootPath: "api" must begin with a slash$/],
    [{ app: 'a:a', rootPath: '/a//b' }, /^rootPath: .*empty segment/],
    [
      { app: 'a:a', rootPath: '/api', mount: '/shop' },
      /^mount: "\/shop" is not below rootPath "\/api", so no request reaches it; write \/api\/shop$/,
    ],
    [
      { app: 'a:a', rootPath: '/api', static: { '/apis': '.' } },
      /^static\["\/apis"\]: .*; write \/api\/apis$/,
    ],
    [{ app: 'a:a', bind: [] }, /bind: names no address/],
    [
      { app: 'a:a', static: { '/x': 'nowhere' } },
      /^static\["\/x"\]: folder \S+nowhere does not exist/,
    ],
    [{ app: 'a:a', appDirectory: 'nowhere' }, /appDirectory: folder \S+nowhere does not exist/],
    [
      { apps: { shop: { target: 'a:a' }, old: { appDirectory: 'nowhere' } } },
      /apps\.old\.appDirectory: folder \S+nowhere does not exist/,
    ],
    [
      { apps: { shop: { target: 'a:a', appDirectory: 'nowhere' } } },
      /apps\.shop\.appDirectory: folder \S+nowhere does not exist/,
    ],
    [
      { apps: { shop: { target: 'a:a' } }, groups: { web: { home: 'nowhere' } } },
      /groups\.web\.home: folder \S+nowhere does not exist/,
    ],
  ])('%j is refused', (config, message) => {
    expect(problemOf(config)).toMatch(message)
  })

  test('groups without applications are not started', () => {
    const { groups } = plan({
      groups: { web: {}, api: {} },
      apps: { shop: { target: 'x:y', group: 'api' } },
    })
    expect(groups.map(({ group }) => group.name)).toEqual(['api'])
  })
})

describe('engines', () => {
  test('threads depend on the engine; flags reach every group', async () => {
    expect((await command('app.py')).groups[0]?.group).toMatchObject({
      engine: 'daemon',
      threads: 4,
      multiprocess: false,
      loop: 'auto',
      concurrency: 10_000,
      cancelOnDisconnect: false,
    })
    expect((await command('app.py -e embedded -p 2')).groups[0]?.group).toMatchObject({
      engine: 'embedded',
      threads: 0,
      processes: 2,
      multiprocess: true,
    })
    const words = '-e embedded -t 3 --loop asyncio --concurrency 7'
    const { groups } = await command(`${words} --config conf/taipan.config.json`)
    expect(groups[0]?.group).toMatchObject({
      engine: 'embedded',
      threads: 3,
      loop: 'asyncio',
      concurrency: 7,
    })
    const byVariable = await command('app.py', {
      environment: { TAIPAN_ENGINE: 'embedded', TAIPAN_WS_MAX_SIZE: '1mb' },
    })
    expect(byVariable.groups[0]?.group.engine).toBe('embedded')
    expect(byVariable.webSocket).toMatchObject({ message: 1_048_576, compression: true })
  })

  test('flags of WebSockets are one section', async () => {
    const { webSocket } = await command(
      'app.py --ws-max-size 100 --ws-no-compression --ws-ping-interval 0 --ws-ping-timeout 1s --ws-origin https://a.example --ws-origin https://b.example',
    )
    expect(webSocket).toMatchObject({
      message: 100,
      compression: false,
      pingInterval: 0,
      pingTimeout: 1000,
      origins: ['https://a.example', 'https://b.example'],
    })
  })

  test('conflicting groups are refused with a way out', async () => {
    await expect(command('app.py -e embedded --loop uvloop')).rejects.toThrow(
      /--loop: embedded Python runs on the event loop of Node and cannot use uvloop; .*use the engine "daemon"/,
    )
    await expect(command('app.py -e embedded -p 1-4')).rejects.toThrow(
      /--processes: embedded Python runs in a fixed number of Node processes, not from 1 to 4; .*"daemon"/,
    )
    await expect(command('app.py -e embedded --hooks h --startup s')).rejects.toThrow(
      /--hooks: belongs to worker processes, .*\n.*--startup: belongs to worker processes, .*"daemon"/,
    )
    await expect(command('app.py -e embedded --preload')).rejects.toThrow(
      /--preload: embedded Python runs inside Node, which cannot be forked; .*"daemon"/,
    )
    await expect(command('app.py -t 0')).rejects.toThrow(/--threads: expected .*"embedded"/)
    const problem = problemOf({
      engine: 'embedded',
      groups: { a: {}, b: { python: '/other/python', processes: 2 } },
      apps: {
        one: { target: 'one:app', group: 'a', env: { X: '1' } },
        two: { target: 'two:app', group: 'b' },
      },
      routes: [
        { path: '/', app: 'one' },
        { path: '/two', app: 'two' },
      ],
    })
    expect(problem).toMatch(/groups\.b\.python: differs from groups\.a\.python; .*"daemon"/)
    expect(problem).toMatch(/groups\.b\.processes: 2 differs from the 1 of groups\.a/)
    expect(problem).toMatch(/groups\.b: .*another environment than those of groups\.a \(X\)/)
  })
})
