import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { ROOT, startTaipan } from '../support/cli.ts'
import { PYTHON } from '../support/backend-lab.ts'
import { installPackage, listFiles, packPackage } from '../support/packed.ts'

let scratch: string
let project: string
let installed: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'taipan-pack-'))
  project = await installPackage()
  installed = join(project, 'node_modules/taipan')
})

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true })
})

test('npm pack in a fresh clone makes a complete package', async () => {
  const clone = join(scratch, 'clone')
  const left = /(?:^|\/)(?:node_modules|dist|\.git|\.venv[^/]*|[._]\w*cache\w*)(?:\/|$)/
  await cp(ROOT, clone, {
    recursive: true,
    filter: (path) => !left.test(relative(ROOT, path)),
  })
  await symlink(join(ROOT, 'node_modules'), join(clone, 'node_modules'))
  const tarball = await packPackage(clone, scratch)
  const names = execFileSync('tar', ['tzf', tarball], { encoding: 'utf8' }).split('\n')
  for (const name of ['dist/cli/main.js', 'dist/index.d.ts', 'python/taipan/worker.py'])
    expect(names).toContain(`package/${name}`)
  expect(names.filter((name) => /tsbuildinfo|__pycache__|tests?\//.test(name))).toEqual([])
})

test('every link between pages of the package leads to a file in it', () => {
  const pages = listFiles(installed).filter((name) => /^(?:docs\/.*|\w+)\.md$/.test(name))
  const broken = pages.flatMap((page) =>
    [...readFileSync(join(installed, page), 'utf8').matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !existsSync(join(installed, dirname(page), link)))
      .map((link) => `${page}: ${link}`),
  )
  expect(pages).toContain('README.md')
  expect(broken).toEqual([])
})

test('taipan path python names a folder that is all that peers of LRWP need', () => {
  const run = (program: string, words: string[], env = process.env): string =>
    execFileSync(program, words, { cwd: scratch, env, encoding: 'utf8' }).trim()
  const folder = run(join(project, 'node_modules/.bin/taipan'), ['path', 'python'])
  const env = { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' }
  expect(run(PYTHON, ['-m', 'taipan.lrwp', '--help'], env)).toContain('--name NAME')
  expect(run(PYTHON, ['-c', 'import lrwp; print(lrwp.__file__)'], env)).toBe(
    join(folder, 'lrwp.py'),
  )
})

test('source maps contain their sources', () => {
  const maps = listFiles(installed).filter((name) => name.endsWith('.map'))
  expect(maps).not.toEqual([])
  for (const map of maps) {
    const { sources, sourcesContent } = JSON.parse(readFileSync(join(installed, map), 'utf8'))
    expect(sourcesContent, map).toHaveLength(sources.length)
  }
})

test.each(['daemon', 'embedded'])(
  'the %s engine writes no file into the package',
  async (engine) => {
    const before = listFiles(installed)
    const site = join(scratch, engine)
    await mkdir(site)
    await writeFile(join(site, 'helper.py'), 'TEXT = b"hello"\n')
    await writeFile(
      join(site, 'app.py'),
      'import helper\nasync def app(scope, receive, send):\n' +
        '    await send({"type": "http.response.start", "status": 200, "headers": []})\n' +
        '    await send({"type": "http.response.body", "body": helper.TEXT})\n',
    )
    const env = { PYTHONDONTWRITEBYTECODE: undefined }
    const server = await startTaipan(['app.py', '-b', '127.0.0.1:0', '-e', engine], {
      cwd: site,
      env,
      command: join(project, 'node_modules/.bin/taipan'),
    })
    onTestFinished(() => server.kill('SIGKILL'))
    expect(await (await fetch(server.url)).text()).toBe('hello')
    await server.stop()
    expect(listFiles(installed)).toEqual(before)
    // Modules of the application still have their bytecode.
    expect(listFiles(site).join(' ')).toMatch(/__pycache__\/helper\.\S*\.pyc/)
  },
)
