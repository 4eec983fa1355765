import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT, runTaipan, startTaipan } from '../support/cli.ts'
import { PYTHON } from '../support/backend-lab.ts'

const RECORDER = join(ROOT, 'test/fixtures/programs/loaded-modules.mjs')
const WSGI = `
def app(environ, start_response):
    start_response('200 OK', [])
    return [b'']
`
const ASGI = `
async def app(scope, receive, send):
    pass
`

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'taipan-loaded-'))
  writeFileSync(join(folder, 'app.py'), WSGI)
  writeFileSync(join(folder, 'live.py'), ASGI)
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

interface Loaded {
  readonly packages: readonly string[]
  /** Folders of `src/`. */
  readonly rooms: readonly string[]
}

async function findLoaded(args: readonly string[]): Promise<Loaded> {
  const file = join(mkdtempSync(join(folder, 'run-')), 'loaded.txt')
  const env = { LOADED_MODULES: file, NODE_OPTIONS: `--import=${pathToFileURL(RECORDER).href}` }
  if (args[0] === 'serve') {
    const server = await startTaipan([...args, '--python', PYTHON, '-b', '127.0.0.1:0'], {
      cwd: folder,
      env,
    })
    await server.stop()
  } else expect(await runTaipan(args, { cwd: folder, env })).toMatchObject({ exitCode: 0 })
  const text = readFileSync(file, 'utf8')
  const find = (pattern: RegExp): string[] => [
    ...new Set(Array.from(text.matchAll(pattern), ([, name = '']) => name)),
  ]
  return {
    // Every command needs the one for options.
    packages: find(/\/node_modules\/((?!@|valibot)[^/]+)\//g),
    rooms: find(/\/dist\/([^/]+(?:\/(?:embedded|web-socket))?)\//g),
  }
}

test.each(['--version', '--help'])(
  'taipan %s loads no package but that for options, and no server',
  async (word) => {
    const { packages, rooms } = await findLoaded([word])
    expect(packages).toEqual([])
    expect(rooms).toEqual(expect.arrayContaining(['cli', 'core']))
    for (const room of ['fronts', 'backends', 'replicas']) expect(rooms).not.toContain(room)
  },
)

test('a server of WSGI in worker processes loads no other package and nothing of embedded Python', async () => {
  const { packages, rooms } = await findLoaded(['serve', 'app.py'])
  expect(packages).toEqual([])
  expect(rooms).toEqual(expect.arrayContaining(['fronts', 'pipeline', 'backends']))
  for (const room of ['backends/embedded', 'replicas']) expect(rooms).not.toContain(room)
})

test.each([
  [['serve', 'live.py'], ['ws']],
  [['serve', 'app.py', '--log-format', 'json'], ['pino']],
  [['serve', 'app.py', '--static', '/files=.'], ['mime']],
  [['serve', 'app.py', '--reload'], ['chokidar']],
])('%j loads %j', async (args, packages) => {
  expect((await findLoaded(args)).packages).toEqual(expect.arrayContaining(packages))
})
