import { mkdir, symlink } from 'node:fs/promises'

import { describe, expect, test } from 'vitest'

import { fetchRaw } from '../support/raw-client.ts'
import { app, createFolder, serve } from './command.ts'

const BODY = (text: string, name = 'application'): string =>
  `def ${name}(environ, start_response):\n    start_response("200 OK", [("Content-Type", "text/plain")])\n    return [b"${text}"]\n`

const CLASS = `
class Application:
    def __call__(self, environ, start_response):
        return self.method(environ, start_response)
    def method(self, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"of a class"]
def factory():
    return Application()
`

interface Target {
  readonly target: string
  readonly text: string
  readonly files: Readonly<Record<string, string>>
  readonly args?: readonly string[]
}

const TARGETS: readonly Target[] = [
  {
    target: 'pkg.mod:attr',
    text: 'attr',
    files: { 'pkg/__init__.py': '', 'pkg/mod.py': BODY('attr', 'attr') },
  },
  {
    target: 'pkg.mod',
    text: 'usual',
    files: { 'pkg/__init__.py': '', 'pkg/mod.py': BODY('usual') },
  },
  { target: 'mod:factory()', text: 'of a class', files: { 'mod.py': CLASS } },
  { target: 'mod:Application()', text: 'of a class', files: { 'mod.py': CLASS } },
  { target: 'mod:Application().method', text: 'of a class', files: { 'mod.py': CLASS } },
  {
    target: 'mod',
    text: 'created',
    files: { 'mod.py': `${BODY('created', 'inner')}\ndef create_app():\n    return inner\n` },
  },
  {
    target: 'mod.py',
    text: 'made',
    files: { 'mod.py': `${BODY('made', 'inner')}\ndef make_app():\n    return inner\n` },
  },
  { target: 'path/app.py', text: 'only app', files: { 'path/app.py': BODY('only app', 'app') } },
  { target: 'path/app.py', text: 'handled', files: { 'path/app.py': BODY('handled', 'handler') } },
  { target: 'path/app.py:odd', text: 'odd', files: { 'path/app.py': BODY('odd', 'odd') } },
  { target: './path/app.py', text: 'dotted', files: { 'path/app.py': BODY('dotted') } },
  { target: 'path/site.wsgi', text: 'wsgi file', files: { 'path/site.wsgi': BODY('wsgi file') } },
  {
    target: 'path/app.py',
    text: 'sibling',
    files: {
      'path/app.py': `import sibling_module\n${BODY('sibling')}`,
      'path/sibling_module.py': '',
    },
  },
  { target: 'path/my-app 2.py', text: 'odd name', files: { 'path/my-app 2.py': BODY('odd name') } },
  { target: 'json.py', text: 'shadow', files: { 'json.py': `value = 1\n${BODY('shadow')}` } },
  {
    target: 'mod',
    text: 'by option',
    files: { 'mod.py': BODY('by option', 'chosen') },
    args: ['--callable', 'chosen'],
  },
  {
    target: 'inside:application',
    text: 'app dir',
    files: { 'sub/inside.py': BODY('app dir') },
    args: ['--app-dir', 'sub'],
  },
]

describe('targets', () => {
  test.concurrent.each(TARGETS.map((one) => [`${one.target} (${one.text})`, one] as const))(
    '%s',
    async (_name, one) => {
      await using folder = await createFolder(one.files)
      await using taipan = serve(folder, [one.target, '-p', '1', ...(one.args ?? [])])
      expect((await fetchRaw(await taipan.waitForUrl(), '/')).text).toBe(one.text)
    },
  )

  test('a .wsgi file outside sys.path and the working directory', async () => {
    await using elsewhere = await createFolder({
      'site.wsgi': `import beside_wsgi\n${BODY('elsewhere')}`,
      'beside_wsgi.py': '',
    })
    await using folder = await createFolder()
    await using taipan = serve(folder, [elsewhere.file('site.wsgi'), '-p', '1'])
    expect((await fetchRaw(await taipan.waitForUrl(), '/')).text).toBe('elsewhere')
  })

  test('a configuration is found automatically', async () => {
    await using folder = await createFolder({
      'mod.py': BODY('configured'),
      'taipan.config.json': JSON.stringify({
        bind: ['127.0.0.1:0'],
        apps: { a: { target: 'mod:application' } },
        routes: [{ path: '/', app: 'a' }],
      }),
    })
    await using taipan = serve(folder, [])
    expect((await fetchRaw(await taipan.waitForUrl(), '/')).text).toBe('configured')
  })

  test('TAIPAN_* sets an option, and the flag overrides it', async () => {
    await using folder = await createFolder({
      'app.py': app('return "%s" % environ["wsgi.multithread"]'),
    })
    await using one = serve(folder, ['app.py', '-p', '1'], { TAIPAN_THREADS: '1' })
    await using other = serve(folder, ['app.py', '-p', '1', '-t', '2'], { TAIPAN_THREADS: '1' })
    expect((await fetchRaw(await one.waitForUrl(), '/')).text).toBe('False')
    expect((await fetchRaw(await other.waitForUrl(), '/')).text).toBe('True')
  })
})

describe('which Python', () => {
  const SAYS = app('return sys.prefix')

  async function createEnvironment(path: string): Promise<void> {
    const { execFile } = await import('node:child_process')
    const { promisify } = await import('node:util')
    await promisify(execFile)('python3', ['-m', 'venv', '--without-pip', path])
  }

  test('.venv beside the target, VIRTUAL_ENV before it, --python before both; links stay links', async () => {
    await using folder = await createFolder({ 'app.py': SAYS })
    for (const name of ['.venv', 'active', 'named']) await createEnvironment(folder.file(name))
    const prefix = async (
      args: readonly string[],
      env?: Record<string, string>,
    ): Promise<string> => {
      await using taipan = serve(folder, ['app.py', '-p', '1', ...args], env)
      return (await fetchRaw(await taipan.waitForUrl(), '/')).text
    }
    expect(await prefix([])).toBe(folder.file('.venv'))
    expect(await prefix([], { VIRTUAL_ENV: folder.file('active') })).toBe(folder.file('active'))
    expect(
      await prefix(['--python', 'named/bin/python'], { VIRTUAL_ENV: folder.file('active') }),
    ).toBe(folder.file('named'))
    await mkdir(folder.file('links'))
    await symlink(folder.file('named'), folder.file('links/venv'))
    expect(await prefix(['--python', folder.file('links/venv/bin/python')])).toMatch(
      /named$|links\/venv$/,
    )
  })

  test.each(['3.9.18', '3.13.0'])('Python %s of pyenv serves', async (version) => {
    const { existsSync } = await import('node:fs')
    const { homedir } = await import('node:os')
    const path = `${homedir()}/.pyenv/versions/${version}/bin/python3`
    if (!existsSync(path)) return
    await using folder = await createFolder({ 'app.py': app('return sys.version.split()[0]') })
    await using taipan = serve(folder, ['app.py', '-p', '1', '--python', path])
    expect((await fetchRaw(await taipan.waitForUrl(), '/')).text).toBe(version)
  })
})
