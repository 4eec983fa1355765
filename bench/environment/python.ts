import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { ROOT } from './paths.ts'

const FOLDER = join(ROOT, '.venv-bench')
const REQUIREMENTS = join(ROOT, 'bench/requirements.txt')
const STAMP = join(FOLDER, 'bench.json')

const schema = v.object({
  key: v.string(),
  /** Version of the interpreter. */
  version: v.string(),
  /** Versions by distribution name, in lower case with "-". */
  installed: v.record(v.string(), v.string()),
  /** Ends of pip's error messages, by distribution name. */
  failed: v.record(v.string(), v.string()),
})

/** The virtual environment of all servers. */
export type PythonEnvironment = v.InferOutput<typeof schema> & { readonly bin: string }

/** Makes the virtual environment, or reuses that of an earlier run if nothing has changed. */
export function preparePython(python: string): PythonEnvironment {
  const key = createHash('sha256').update(python).update(readFileSync(REQUIREMENTS)).digest('hex')
  const kept = readStamp()
  if (kept?.key === key) return { ...kept, bin: join(FOLDER, 'bin') }
  process.stderr.write(`installing the Python servers into ${FOLDER} ...\n`)
  rmSync(FOLDER, { recursive: true, force: true })
  execFileSync(python, ['-m', 'venv', FOLDER], { stdio: ['ignore', 'ignore', 'inherit'] })
  const made = { key, version: readVersion(), ...installAll() }
  writeFileSync(STAMP, JSON.stringify(made, undefined, 2))
  return { ...made, bin: join(FOLDER, 'bin') }
}

/** A distribution name as pip compares it. */
export function formatDistribution(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-')
}

function readStamp() {
  return existsSync(STAMP) ? v.parse(schema, JSON.parse(readFileSync(STAMP, 'utf8'))) : undefined
}

function readVersion(): string {
  const code = 'import platform; print(platform.python_version())'
  return execFileSync(join(FOLDER, 'bin/python'), ['-c', code], { encoding: 'utf8' }).trim()
}

/** Installs one after another, so that a failure does not affect the others. */
function installAll() {
  const installed: Record<string, string> = {}
  const failed: Record<string, string> = {}
  const requirements = readFileSync(REQUIREMENTS, 'utf8').split('\n')
  for (const requirement of requirements.filter((line) => /^\w/.test(line))) {
    const [name = '', version = ''] = requirement.trim().split('==')
    const { status, stderr } = spawnSync(
      join(FOLDER, 'bin/python'),
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', requirement.trim()],
      { encoding: 'utf8' },
    )
    if (status === 0) installed[formatDistribution(name)] = version
    else failed[formatDistribution(name)] = stderr.trim().split('\n').slice(-3).join(' ')
  }
  return { installed, failed }
}
