import { spawnSync } from 'node:child_process'
import { readdirSync, existsSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

import { checkEmbedding } from '../../src/backends/embedded/embeddability.ts'
import { PYTHON } from './backend-lab.ts'

/** Interpreters that can run inside Node. */
export async function listEmbeddable(): Promise<string[]> {
  const environment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' }
  const found: string[] = []
  for (const python of listPythons())
    if ((await checkEmbedding(python, environment)).embeddable) found.push(python)
  return found
}

/** One whose sub-interpreters have locks of their own; undefined if none is installed. */
export function findWithInterpreters(): string | undefined {
  return listWithInterpreters().at(-1)?.path
}

/** Those whose sub-interpreters have locks of their own, one of each version. */
export function listWithInterpreters(): readonly {
  readonly path: string
  readonly version: string
}[] {
  const code =
    'import sys; print("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 12))'
  const found = listPythons().flatMap((path) => {
    const { status, stdout } = spawnSync(path, ['-I', '-S', '-c', code], { encoding: 'utf8' })
    return status === 0 ? [{ path, version: stdout.trim() }] : []
  })
  return [...new Map(found.map((one) => [one.version, one])).values()]
}

/** Interpreters of this machine, each once: that of the tests, those of pyenv, the system's, and those in TAIPAN_TEST_PYTHONS. */
function listPythons(): string[] {
  const versions = path.join(
    process.env['PYENV_ROOT'] ?? path.join(homedir(), '.pyenv'),
    'versions',
  )
  const installed = existsSync(versions)
    ? readdirSync(versions).map((name) => path.join(versions, name, 'bin', 'python3'))
    : []
  const named = (process.env['TAIPAN_TEST_PYTHONS'] ?? '').split(path.delimiter)
  const all = [PYTHON, ...installed, '/usr/bin/python3', ...named]
  return [...new Set(all)].filter((file) => file !== '' && existsSync(file))
}
