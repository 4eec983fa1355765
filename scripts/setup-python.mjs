import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { giveUp, readText, root, say } from './setup-node.mjs'

const folder = join(root, '.venv-test')
const stamp = join(folder, 'requirements.sha256')
const requirements = ['python/requirements-test.txt', 'python/requirements-dev.txt'].map((name) =>
  join(root, name),
)

/** Folder of the programs of the test environment. */
export const programs = join(folder, process.platform === 'win32' ? 'Scripts' : 'bin')

/** The Python of the test environment. */
export const testPython = join(programs, 'python')

// All samples can be installed on 3.11; the other versions follow from new to old.
const candidates = ['python3.11', 'python3.12', 'python3.13', 'python3.14', 'python3', 'python']

/** Makes the virtual environment with the Python packages for the tests, unless it is complete. */
export function setUpPython() {
  const wanted = hashOf(requirements)
  if (readText(stamp) === wanted && run(testPython, '-c', '')) return
  const base = findPython()
  say('making a virtual environment with the Python packages for the tests in .venv-test')
  rmSync(folder, { recursive: true, force: true })
  must(base, '-m', 'venv', folder)
  must(testPython, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...listed())
  writeFileSync(stamp, wanted)
}

function hashOf(paths) {
  const hash = createHash('sha256')
  for (const path of paths) hash.update(readText(path))
  return hash.digest('hex')
}

function listed() {
  return requirements.flatMap((path) => ['--requirement', path])
}

function findPython() {
  const check =
    'import sys; assert sys.version_info >= (3, 9); import ensurepip, venv, ssl, sqlite3'
  const chosen = process.env['TAIPAN_BASE_PYTHON']
  const found = (chosen === undefined ? candidates : [chosen]).find((name) =>
    run(name, '-c', check),
  )
  if (found !== undefined) return found
  return giveUp(
    'no Python 3.9 or newer with venv and pip was found on PATH.\n' +
      'On Debian and Ubuntu: apt-get install python3 python3-venv. ' +
      'Set TAIPAN_BASE_PYTHON=/path/to/python3 for another one.',
  )
}

function run(command, ...args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

function must(command, ...args) {
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) giveUp(`${[command, ...args].join(' ')} failed`, status ?? 1)
}
