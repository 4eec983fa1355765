import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { readFile, stat, symlink } from 'node:fs/promises'

import { describe, expect, test } from 'vitest'

import { fetchRaw } from '../support/raw-client.ts'
import { launchTaipan } from '../support/cli.ts'
import { app, createFolder, serve } from './command.ts'

const GOOD = app('return "good"')
const NODE_STACK = /^\s+at .+(:\d+:\d+\)?|<anonymous>)$|node:internal|\.js:\d+:\d+/m

interface Start {
  readonly name: string
  readonly args: readonly string[]
  readonly code: number
  readonly files?: Readonly<Record<string, string>>
  /** What the message must contain. */
  readonly says?: readonly RegExp[]
  readonly env?: Readonly<Record<string, string>>
}

const STARTS: readonly Start[] = [
  // Usage: 2
  {
    name: 'an unknown option',
    args: ['app.py', '--no-such-option'],
    code: 2,
    says: [/no-such-option/],
  },
  { name: 'an unknown short option', args: ['app.py', '-Z'], code: 2, says: [/Z/] },
  { name: 'an option without its value', args: ['app.py', '--bind'], code: 2, says: [/bind/] },
  {
    name: 'processes that are no number',
    args: ['app.py', '-p', 'many'],
    code: 2,
    says: [/process/, /many/],
  },
  { name: 'no processes', args: ['app.py', '-p', '0'], code: 2, says: [/process/] },
  { name: 'negative threads', args: ['app.py', '--threads=-1'], code: 2, says: [/thread/] },
  { name: 'half a thread', args: ['app.py', '-t', '1.5'], code: 2, says: [/thread/] },
  {
    name: 'an unknown interface',
    args: ['app.py', '-i', 'cgi'],
    code: 2,
    says: [/interface/, /cgi/],
  },
  {
    name: 'an unknown log level',
    args: ['app.py', '--log-level', 'loud'],
    code: 2,
    says: [/log-level|logLevel|log level/i, /loud/],
  },
  {
    name: 'an unknown log format',
    args: ['app.py', '--log-format', 'xml'],
    code: 2,
    says: [/xml/],
  },
  {
    name: 'a bad address',
    args: ['app.py', '-b', 'not an address'],
    code: 2,
    says: [/not an address/],
  },
  {
    name: 'a port out of range',
    args: ['app.py', '-b', '127.0.0.1:99999'],
    code: 2,
    says: [/99999/],
  },
  { name: 'a bad mount', args: ['app.py', '--mount', 'no-slash'], code: 2, says: [/mount/] },
  {
    name: 'a bad pair for --env',
    args: ['app.py', '--env', 'NOPAIR'],
    code: 2,
    says: [/env/i, /NOPAIR/],
  },
  {
    name: 'a bad pair for --static',
    args: ['app.py', '--static', '/static'],
    code: 2,
    says: [/static/],
  },
  { name: 'two targets', args: ['app.py', 'other.py'], code: 2 },
  {
    name: 'a missing env file',
    args: ['app.py', '--env-file', 'missing.env'],
    code: 2,
    says: [/missing\.env/],
  },
  {
    name: 'a missing env file with =',
    args: ['app.py', '--env-file=missing.env'],
    code: 2,
    says: [/missing\.env/],
  },
  {
    name: 'a missing configuration',
    args: ['--config', 'missing.json'],
    code: 2,
    says: [/missing\.json/],
  },
  {
    name: 'a configuration that is no JSON',
    args: ['--config', 'broken.json'],
    files: { 'broken.json': '{' },
    code: 2,
    says: [/broken\.json/],
  },
  {
    name: 'a wrong key in the configuration',
    args: ['--config', 'c.json'],
    files: { 'c.json': '{"bnd": ["127.0.0.1:0"]}' },
    code: 2,
    says: [/bnd/, /bind/],
  },
  {
    name: 'a wrong key deep in the configuration',
    args: ['--config', 'c.json'],
    files: { 'c.json': '{"groups": {"web": {"proceses": 2}}}' },
    code: 2,
    says: [/groups\.web|groups.*web/, /proceses/, /processes/],
  },

  // The application: 3
  { name: 'a missing file', args: ['missing.py'], code: 3, says: [/missing\.py/] },
  { name: 'a missing module', args: ['no_such_module:app'], code: 3, says: [/no_such_module/] },
  { name: 'a missing attribute', args: ['app:nothing'], code: 3, says: [/nothing/] },
  { name: 'a missing attribute of a file', args: ['app.py:nothing'], code: 3, says: [/nothing/] },
  {
    name: 'a file without a callable',
    args: ['empty.py'],
    files: { 'empty.py': 'value = 1\n' },
    code: 3,
    says: [/application/, /\bapp\b/, /handler/, /create_app/, /make_app/],
  },
  {
    name: 'an attribute that is not callable',
    args: ['value.py:value'],
    files: { 'value.py': 'value = 1\n' },
    code: 3,
    says: [/value/],
  },
  {
    name: 'a syntax error',
    args: ['bad.py'],
    files: { 'bad.py': 'def (:\n' },
    code: 3,
    says: [/SyntaxError/, /bad\.py/],
  },
  {
    name: 'an exception at import',
    args: ['bad.py'],
    files: { 'bad.py': 'def go():\n    raise LookupError("at import")\ngo()\n' },
    code: 3,
    says: [/LookupError: at import/, /in go/, /Traceback/],
  },
  {
    name: 'a missing import',
    args: ['bad.py'],
    files: { 'bad.py': 'import not_there_at_all\n' },
    code: 3,
    says: [/not_there_at_all/],
  },
  {
    name: 'sys.exit at import',
    args: ['bad.py'],
    files: { 'bad.py': 'import sys\nsys.exit(0)\n' },
    code: 3,
  },
  {
    name: 'sys.exit with a message at import',
    args: ['bad.py'],
    files: { 'bad.py': 'import sys\nsys.exit("told by the application")\n' },
    code: 3,
    says: [/told by the application/],
  },
  {
    name: 'os._exit at import',
    args: ['bad.py'],
    files: { 'bad.py': 'import os\nos._exit(0)\n' },
    code: 3,
  },
  {
    name: 'os._exit(1) at import',
    args: ['bad.py'],
    files: { 'bad.py': 'import os\nos._exit(1)\n' },
    code: 3,
  },
  {
    name: 'a signal at import',
    args: ['bad.py'],
    files: { 'bad.py': 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n' },
    code: 3,
  },
  {
    name: 'a folder without manage.py',
    args: ['folder'],
    files: { 'folder/readme.txt': '' },
    code: 3,
    says: [/manage\.py/],
  },
  {
    name: 'a factory that raises',
    args: ['made:make()'],
    files: { 'made.py': 'def make():\n    raise LookupError("not made")\n' },
    code: 3,
    says: [/LookupError: not made/],
  },

  // Python: 5
  {
    name: 'a missing Python',
    args: ['app.py', '--python', '/no/such/python'],
    code: 5,
    says: [/\/no\/such\/python/],
  },
  {
    name: 'a Python that is no Python',
    args: ['app.py', '--python', '/bin/true'],
    code: 5,
    says: [/\/bin\/true/],
  },
]

describe('a failed start has one message, a way out, and its exit code', () => {
  test.concurrent.each(STARTS.map((start) => [start.name, start] as const))(
    '%s',
    async (_name, start) => {
      await using folder = await createFolder({ 'app.py': GOOD, 'other.py': GOOD, ...start.files })
      await using taipan = serve(folder, start.args, start.env)
      expect((await taipan.waitForExit()).exitCode, taipan.output).toBe(start.code)
      for (const pattern of start.says ?? []) expect(taipan.output).toMatch(pattern)
      expect(taipan.output.trim()).not.toBe('')
      expect(taipan.output).not.toMatch(NODE_STACK)
      expect(taipan.output).not.toMatch(/listening on/)
      expect(taipan.output, "tracebacks show only the user's frames").not.toMatch(
        /python\/taipan\/|taipan\/loader/,
      )
    },
  )
})

test('neither target nor configuration nor a usual file is a usage error', async () => {
  await using folder = await createFolder({ 'readme.txt': '' })
  await using taipan = serve(folder, [])
  expect((await taipan.waitForExit()).exitCode).toBe(2)
  expect(taipan.output).toMatch(/TARGET|target/)
  expect(taipan.output).not.toMatch(NODE_STACK)
})

test('no Python on the PATH is exit 5', async () => {
  await using folder = await createFolder({ 'app.py': GOOD, 'bin/x': '' })
  await symlink(process.execPath, folder.file('bin/node'))
  await symlink('/bin/sh', folder.file('bin/sh'))
  await using taipan = serve(folder, ['app.py'], { PATH: folder.file('bin') })
  expect((await taipan.waitForExit()).exitCode).toBe(5)
  expect(taipan.output).toMatch(/Python/)
  expect(taipan.output).toMatch(/--python/)
  expect(taipan.output).not.toMatch(NODE_STACK)
})

describe('addresses', () => {
  async function listen(where: number | string): Promise<Server> {
    const server = createServer((socket) => socket.end())
    if (typeof where === 'number') server.listen(where, '127.0.0.1')
    else server.listen(where)
    await once(server, 'listening')
    return server
  }

  test('a port in use is exit 4', async () => {
    await using folder = await createFolder({ 'app.py': GOOD })
    const server = await listen(0)
    try {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      await using taipan = serve(folder, ['app.py', '-b', `127.0.0.1:${port}`])
      expect((await taipan.waitForExit()).exitCode).toBe(4)
      expect(taipan.output).toContain(String(port))
      expect(taipan.output).not.toMatch(NODE_STACK)
    } finally {
      server.close()
    }
  })

  test('an address of another machine is exit 4', async () => {
    await using folder = await createFolder({ 'app.py': GOOD })
    await using taipan = serve(folder, ['app.py', '-b', '192.0.2.1:8000'])
    expect((await taipan.waitForExit()).exitCode).toBe(4)
    expect(taipan.output).not.toMatch(NODE_STACK)
  })

  test('a Unix socket in use is exit 4, and stays', async () => {
    await using folder = await createFolder({ 'app.py': GOOD })
    const path = folder.file('live.sock')
    const server = await listen(path)
    try {
      await using taipan = serve(folder, ['app.py', '-b', `unix:${path}`])
      expect((await taipan.waitForExit()).exitCode).toBe(4)
      expect((await stat(path)).isSocket()).toBe(true)
      expect(taipan.output).not.toMatch(NODE_STACK)
    } finally {
      server.close()
    }
  })

  test('a stale Unix socket is replaced, and removed at the end', async () => {
    await using folder = await createFolder({ 'app.py': GOOD })
    const path = folder.file('stale.sock')
    {
      await using first = serve(folder, ['app.py', '-b', `unix:${path}`])
      await first.waitForOutput(/listening on/)
      first.kill('SIGKILL')
      await first.waitForExit()
    }
    expect((await stat(path)).isSocket()).toBe(true)
    await using taipan = serve(folder, ['app.py', '-b', `unix:${path}`])
    await taipan.waitForOutput(/listening on/)
    expect((await fetchRaw({ path }, '/')).text).toBe('good')
    taipan.kill('SIGTERM')
    expect((await taipan.waitForExit()).exitCode).toBe(0)
    await expect(stat(path)).rejects.toThrow(/ENOENT/)
  })

  test('an ordinary file, a folder or a link at the path of a Unix socket is never changed', async () => {
    await using folder = await createFolder({ 'app.py': GOOD, precious: 'data', 'sub/x': '' })
    await symlink(folder.file('precious'), folder.file('link'))
    for (const name of ['precious', 'sub', 'link']) {
      await using taipan = serve(folder, ['app.py', '-b', `unix:${folder.file(name)}`])
      expect((await taipan.waitForExit()).exitCode, name).toBe(4)
      expect(taipan.output).not.toMatch(NODE_STACK)
    }
    expect(await readFile(folder.file('precious'), 'utf8')).toBe('data')
  })

  test('several addresses, each announced', async () => {
    await using folder = await createFolder({ 'app.py': GOOD })
    const path = folder.file('x.sock')
    await using taipan = serve(folder, ['app.py', '-b', '127.0.0.1:0', '-b', `unix:${path}`])
    const url = await taipan.waitForUrl()
    await taipan.waitForOutput(/listening on [^\n]*x\.sock/)
    expect((await fetchRaw(url, '/')).text).toBe('good')
    expect((await fetchRaw({ path }, '/')).text).toBe('good')
  })

  test('an inherited socket fd:3 serves', async () => {
    const { spawn } = await import('node:child_process')
    await using folder = await createFolder({ 'app.py': GOOD })
    // A parent process like systemd: it listens, and passes the descriptor as number 3.
    const parent = [
      'import os, socket, subprocess, sys',
      's = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(100); os.set_inheritable(s.fileno(), True)',
      'print("port", s.getsockname()[1], flush=True)',
      'fd = s.fileno()',
      'if fd != 3: os.dup2(fd, 3)',
      'os.set_inheritable(3, True)',
      'os.execvp(sys.argv[1], sys.argv[1:])',
    ].join('\n')
    const main = new URL('../../dist/cli/main.js', import.meta.url).pathname
    const child = spawn(
      'python3',
      ['-c', parent, process.execPath, main, 'serve', 'app.py', '-b', 'fd:3', '-p', '2', '-t', '2'],
      { cwd: folder.path, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    try {
      let output = ''
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => (output += text))
      const { pollUntil } = await import('../support/raw-client.ts')
      await pollUntil(
        () => (/listening on/.test(output) ? true : undefined),
        'the ready line',
      ).catch(() => {
        throw new Error(output)
      })
      const port = /port (\d+)/.exec(output)?.[1]
      for (let i = 0; i < 5; i++)
        expect((await fetchRaw(`http://127.0.0.1:${port}`, '/')).text).toBe('good')
    } finally {
      child.kill('SIGTERM')
      await once(child, 'close')
    }
  })
})

describe('taipan check, --help and --version', () => {
  test('check shows which Python, and that the target loads', async () => {
    await using folder = await createFolder({ 'app.py': GOOD })
    await using taipan = launchTaipan(['check', 'app.py'], { cwd: folder.path })
    expect((await taipan.waitForExit()).exitCode).toBe(0)
    expect(taipan.output).toMatch(/3\.\d+\.\d+/)
    expect(taipan.output).toMatch(/sys\.path|path/)
    expect(taipan.output).toMatch(/prefix/i)
    expect(taipan.output).toMatch(/libpython|shared/i)
  })

  test('check of a target that does not load: the traceback and exit 3', async () => {
    await using folder = await createFolder({ 'app.py': 'raise LookupError("checked")\n' })
    await using taipan = launchTaipan(['check', 'app.py'], { cwd: folder.path })
    expect((await taipan.waitForExit()).exitCode).toBe(3)
    expect(taipan.output).toMatch(/LookupError: checked/)
    expect(taipan.output).not.toMatch(NODE_STACK)
  })

  test('--help and --version', async () => {
    await using folder = await createFolder()
    await using help = launchTaipan(['serve', '--help'], { cwd: folder.path })
    expect((await help.waitForExit()).exitCode).toBe(0)
    for (const option of [
      '--bind',
      '--processes',
      '--threads',
      '--interface',
      '--callable',
      '--mount',
      '--static',
      '--python',
      '--app-dir',
      '--env',
      '--env-file',
      '--config',
      '--reload',
      '--dev',
      '--log-level',
      '--log-format',
      '--no-access-log',
    ]) {
      expect(help.stdout, option).toContain(option)
    }
    await using version = launchTaipan(['--version'], { cwd: folder.path })
    expect((await version.waitForExit()).exitCode).toBe(0)
    expect(version.stdout.trim()).toMatch(/\d+\.\d+\.\d+/)
  })

  test('an unknown command is exit 2', async () => {
    await using folder = await createFolder()
    await using taipan = launchTaipan(['sevre'], { cwd: folder.path })
    expect((await taipan.waitForExit()).exitCode).toBe(2)
    expect(taipan.output).not.toMatch(NODE_STACK)
  })

  test('a valid env file, and --env that overrides it', async () => {
    await using folder = await createFolder({
      'app.py': app(
        'return os.environ.get("A", "") + os.environ.get("B", "") + os.environ.get("C", "")',
      ),
      '.envs': '# comment\nA=one\nB="two words"\n',
    })
    await using taipan = serve(folder, [
      'app.py',
      '--env-file',
      '.envs',
      '--env',
      'C=three',
      '--env',
      'A=four',
    ])
    expect((await fetchRaw(await taipan.waitForUrl(), '/')).text).toBe('fourtwo wordsthree')
  })
})
