import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

import {
  condaInterpreterOf,
  findOnPath,
  interpreterOf,
  isLink,
  kindOf,
} from './interpreter-paths.ts'
import { findProjectFolders, listFoldersBetween } from './project-folders.ts'

const run = promisify(execFile)
const POETRY_MS = 10_000

/** Where to look for Python. */
export interface SearchPlaces {
  /** Folder of the target. */
  readonly directory: string
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** An interpreter that may be usable, and why it was considered. `refusal` means that there is none at an expected place. */
export interface Candidate {
  readonly path: string
  readonly reason: string
  readonly refusal?: string
}

/** Yields interpreters in order of preference, each searched on demand. */
export async function* listCandidates(places: SearchPlaces): AsyncGenerator<Candidate> {
  const { environment } = places
  const active = environment['VIRTUAL_ENV']
  if (active) yield { path: interpreterOf(active), reason: 'VIRTUAL_ENV' }
  const project = await findProjectFolders(places.directory)
  const working = await findProjectFolders(places.cwd)
  const way = listFoldersBetween(places.directory, places.cwd)
  yield* listBeside(new Set([...project.folders, ...way, ...working.folders]))
  for (const root of new Set([...project.roots, ...working.roots])) {
    yield* listUv(root, environment)
    yield* listPoetry(root, environment)
  }
  const conda = environment['CONDA_PREFIX']
  if (conda) yield { path: condaInterpreterOf(conda), reason: 'CONDA_PREFIX' }
  for (const name of ['python3', 'python']) {
    const found = await findOnPath(name, environment)
    if (found === undefined) yield { path: name, reason: 'PATH', refusal: 'is not on PATH' }
    else yield { path: found, reason: 'PATH' }
  }
}

async function* listBeside(folders: Iterable<string>): AsyncGenerator<Candidate> {
  for (const folder of folders) {
    for (const name of ['.venv', 'venv']) {
      const environmentFolder = path.join(folder, name)
      const kind = await kindOf(environmentFolder)
      if (kind === 'folder' || (kind === 'missing' && (await isLink(environmentFolder))))
        yield { path: interpreterOf(environmentFolder), reason: `${name} in ${folder}` }
    }
  }
}

async function* listUv(
  root: string,
  environment: SearchPlaces['environment'],
): AsyncGenerator<Candidate> {
  const reason = `uv project ${root}`
  const named = environment['UV_PROJECT_ENVIRONMENT']
  if (named) yield { path: interpreterOf(path.resolve(root, named)), reason }
  else if ((await kindOf(path.join(root, 'uv.lock'))) !== 'missing')
    yield {
      path: path.join(root, '.venv'),
      reason,
      refusal: 'does not exist; "uv sync" creates it',
    }
}

async function* listPoetry(
  root: string,
  environment: SearchPlaces['environment'],
): AsyncGenerator<Candidate> {
  if (!(await usesPoetry(root))) return
  const reason = `poetry project ${root}`
  const poetry = await findOnPath('poetry', environment)
  if (poetry === undefined) {
    yield { path: 'poetry', reason, refusal: 'is not on PATH' }
    return
  }
  try {
    const options = { cwd: root, env: { ...environment }, timeout: POETRY_MS }
    const { stdout } = await run(poetry, ['env', 'info', '-p'], options)
    yield { path: interpreterOf(stdout.trim()), reason }
  } catch {
    yield {
      path: poetry,
      reason,
      refusal: 'has no environment for the project; "poetry install" creates it',
    }
  }
}

async function usesPoetry(root: string): Promise<boolean> {
  if ((await kindOf(path.join(root, 'poetry.lock'))) !== 'missing') return true
  try {
    return /^\[tool\.poetry\]/m.test(await readFile(path.join(root, 'pyproject.toml'), 'utf8'))
  } catch {
    return false
  }
}
