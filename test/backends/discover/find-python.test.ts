import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { findPython } from '../../../src/backends/discover/find-python.ts'

const PYTHON = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], {
  encoding: 'utf8',
}).trim()

const MARKS: readonly string[] = JSON.parse(
  readFileSync(new URL('../../vectors/project-marks.json', import.meta.url), 'utf8'),
)

let root: string
let environment: Record<string, string>

beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'taipan-discover-')))
  const bin = path.join(root, 'bin')
  mkdirSync(bin)
  symlinkSync(PYTHON, path.join(bin, 'python3'))
  environment = { PATH: `${bin}:/usr/bin:/bin` }
  mkdirSync(path.join(root, 'project', 'deep', 'app'), { recursive: true })
  writeFileSync(path.join(root, 'project', 'pyproject.toml'), '')
})

afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

function makeVenv(folder: string): string {
  mkdirSync(path.join(folder, 'bin'), { recursive: true })
  symlinkSync(realpathSync(PYTHON), path.join(folder, 'bin', 'python'))
  writeFileSync(path.join(folder, 'pyvenv.cfg'), `home = ${path.dirname(realpathSync(PYTHON))}\n`)
  return path.join(folder, 'bin', 'python')
}

function makeScript(name: string, text: string): string {
  const file = path.join(root, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `#!/bin/sh\n${text}\n`)
  chmodSync(file, 0o755)
  return file
}

function find(options: { explicit?: string; directory?: string } = {}) {
  const directory = path.join(root, options.directory ?? 'project/deep/app')
  const { explicit: named } = options
  const explicit = named === undefined ? undefined : { named, source: '--python' }
  return findPython({ explicit, directory, cwd: directory, environment })
}

describe('findPython', () => {
  test('takes the interpreter named by --python and keeps its link', async () => {
    const python = makeVenv(path.join(root, 'own'))
    const choice = await find({ explicit: python })
    expect(choice).toMatchObject({ path: python, reason: '--python', tried: [] })
    expect(choice.version).toMatch(/^3\.\d+\.\d+/)
  })

  test('takes the interpreter inside a virtual environment named by --python', async () => {
    const python = makeVenv(path.join(root, 'own'))
    expect((await find({ explicit: path.join(root, 'own') })).path).toBe(python)
  })

  test('finds a bare name given as --python on PATH', async () => {
    expect((await find({ explicit: 'python3' })).path).toBe(path.join(root, 'bin', 'python3'))
  })

  test('prefers VIRTUAL_ENV to a .venv beside the target', async () => {
    makeVenv(path.join(root, 'project', '.venv'))
    const active = makeVenv(path.join(root, 'active'))
    environment['VIRTUAL_ENV'] = path.join(root, 'active')
    expect(await find()).toMatchObject({ path: active, reason: 'VIRTUAL_ENV' })
  })

  test('reports why VIRTUAL_ENV was rejected and continues', async () => {
    const python = makeVenv(path.join(root, 'project', '.venv'))
    environment['VIRTUAL_ENV'] = path.join(root, 'gone')
    const choice = await find()
    expect(choice.path).toBe(python)
    expect(choice.tried).toEqual([
      {
        path: path.join(root, 'gone', 'bin', 'python'),
        reason: 'VIRTUAL_ENV',
        refusal: 'does not exist',
        broken: true,
      },
    ])
  })

  test('looks for .venv in the parents up to the root of the project, and no further', async () => {
    makeVenv(path.join(root, '.venv'))
    expect((await find()).reason).toBe('PATH')
    const python = makeVenv(path.join(root, 'project', 'venv'))
    expect((await find()).path).toBe(python)
    const nearer = makeVenv(path.join(root, 'project', 'deep', '.venv'))
    expect((await find()).path).toBe(nearer)
  })

  test('looks beside a target that is in no project only', async () => {
    mkdirSync(path.join(root, 'loose', 'app'), { recursive: true })
    makeVenv(path.join(root, 'loose', '.venv'))
    expect((await find({ directory: 'loose/app' })).reason).toBe('PATH')
    const python = makeVenv(path.join(root, 'loose', 'app', '.venv'))
    expect((await find({ directory: 'loose/app' })).path).toBe(python)
  })

  test.each(MARKS)('%s marks the root of a project', async (mark) => {
    const python = makeVenv(path.join(root, 'marked', '.venv'))
    mkdirSync(path.join(root, 'marked', 'inner', 'app'), { recursive: true })
    expect((await find({ directory: 'marked/inner/app' })).reason).toBe('PATH')
    writeFileSync(path.join(root, 'marked', mark), '')
    expect((await find({ directory: 'marked/inner/app' })).path).toBe(python)
  })

  test('a service with marks of its own belongs to the project around it', async () => {
    const python = makeVenv(path.join(root, 'project', '.venv'))
    writeFileSync(path.join(root, 'project', 'deep', 'requirements.txt'), '')
    expect((await find()).path).toBe(python)
  })

  test('a repository and a folder that everybody may write to are bounds', async () => {
    const outer = makeVenv(path.join(root, '.venv'))
    writeFileSync(path.join(root, 'requirements.txt'), '')
    expect((await find()).path).toBe(outer)
    chmodSync(root, 0o1777)
    expect((await find()).reason).toBe('PATH')
    chmodSync(root, 0o700)
    mkdirSync(path.join(root, 'project', '.git'))
    expect((await find()).reason).toBe('PATH')
  })

  test('looks between the target and the working directory', async () => {
    const directory = path.join(root, 'loose', 'inner', 'app')
    mkdirSync(directory, { recursive: true })
    const python = makeVenv(path.join(root, 'loose', 'inner', 'venv'))
    const choose = async (cwd: string): Promise<string> =>
      (await findPython({ directory, cwd, environment })).path
    expect(await choose(path.join(root, 'loose'))).toBe(python)
    const near = makeVenv(path.join(directory, '.venv'))
    expect(await choose(path.join(root, 'loose'))).toBe(near)
    expect(await choose('/')).toBe(near)
  })

  test('says that a .venv leads nowhere', async () => {
    const gone = path.join(root, 'project', '.venv')
    symlinkSync(path.join(root, 'gone'), gone)
    const interpreter = makeVenv(path.join(root, 'project', 'venv'))
    unlinkSync(interpreter)
    symlinkSync(path.join(root, 'gone'), interpreter)
    const { reason, tried } = await find()
    expect(reason).toBe('PATH')
    expect(tried.map(({ path: file, broken }) => [file, broken])).toEqual([
      [path.join(gone, 'bin', 'python'), true],
      [interpreter, true],
    ])
  })

  test('a tool that is missing is no broken environment', async () => {
    writeFileSync(path.join(root, 'project', 'uv.lock'), '')
    writeFileSync(path.join(root, 'project', 'poetry.lock'), '')
    expect((await find()).tried.map(({ broken }) => broken)).toEqual([false, false])
  })

  test('takes the environment of a uv project from UV_PROJECT_ENVIRONMENT', async () => {
    environment['UV_PROJECT_ENVIRONMENT'] = 'elsewhere'
    const python = makeVenv(path.join(root, 'project', 'elsewhere'))
    expect(await find()).toMatchObject({
      path: python,
      reason: `uv project ${path.join(root, 'project')}`,
    })
  })

  test('asks poetry for the environment of a poetry project', async () => {
    const python = makeVenv(path.join(root, 'cache', 'env'))
    makeScript('bin/poetry', `echo ${path.join(root, 'cache', 'env')}`)
    writeFileSync(path.join(root, 'project', 'poetry.lock'), '')
    expect((await find()).path).toBe(python)
  })

  test('prefers CONDA_PREFIX to PATH', async () => {
    const python = makeVenv(path.join(root, 'conda'))
    environment['CONDA_PREFIX'] = path.join(root, 'conda')
    expect(await find()).toMatchObject({ path: python, reason: 'CONDA_PREFIX' })
  })

  test('rejects an interpreter that is too old and names its version', async () => {
    const old = makeScript('old/python', 'echo 3.8.20')
    await expect(find({ explicit: old })).rejects.toMatchObject({
      code: 'PYTHON_NOT_FOUND',
      message: expect.stringContaining('is Python 3.8.20, but Taipan needs 3.9 or newer'),
    })
  })

  test('refuses what is missing, not executable, a plain folder, or no Python', async () => {
    const plain = path.join(root, 'plain')
    writeFileSync(plain, '')
    const cases: [string, string][] = [
      [path.join(root, 'nothing'), 'does not exist'],
      [plain, 'is not executable'],
      [path.join(root, 'project'), 'is a folder without an interpreter'],
      [makeScript('echo', 'echo hello'), 'is not a Python interpreter'],
      ['no-such-python', 'does not exist'],
    ]
    for (const [explicit, refusal] of cases)
      await expect(find({ explicit })).rejects.toThrow(refusal)
  })

  test('lists all that was tried when there is no Python at all', async () => {
    environment = { PATH: path.join(root, 'empty'), VIRTUAL_ENV: path.join(root, 'gone') }
    const error: unknown = await find().catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'PYTHON_NOT_FOUND' })
    expect(String(error)).toContain('(VIRTUAL_ENV): does not exist')
    expect(String(error)).toContain('python3 (PATH): is not on PATH')
    expect(String(error)).toContain('--python PATH')
  })
})
