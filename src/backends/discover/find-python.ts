import path from 'node:path'

import { TaipanError } from '../../core/errors.ts'
import type { Candidate, SearchPlaces } from './candidates.ts'
import { listCandidates } from './candidates.ts'
import { findOnPath, interpreterOf, kindOf } from './interpreter-paths.ts'
import { OLDEST_PYTHON, verifyInterpreter, type Verification } from './verify-interpreter.ts'

/** Where to look for Python, and the configured Python. */
export interface PythonSearch extends SearchPlaces, Verification {
  /** No other Python is tried. */
  readonly explicit?: ExplicitPython | undefined
}

/** A configured Python. */
export interface ExplicitPython {
  /** Path of an interpreter or a virtual environment, or a name on PATH. */
  readonly named: string
  /** What it was configured by, for messages: `--python`. */
  readonly source: string
}

/** An interpreter that was rejected. */
export interface RefusedPython {
  readonly path: string
  /** Why it was considered. */
  readonly reason: string
  /** Why it was rejected. */
  readonly refusal: string
  /** An interpreter was expected there; otherwise the place is only known to have none. */
  readonly broken: boolean
}

/** The selected interpreter. */
export interface PythonChoice {
  /** Symbolic links are kept. */
  readonly path: string
  readonly reason: string
  readonly version: string
  /** Interpreters tried before. */
  readonly tried: readonly RefusedPython[]
}

/** Finds the Python for an application. Rejects with PYTHON_NOT_FOUND and a list of what was tried. */
export async function findPython(search: PythonSearch): Promise<PythonChoice> {
  if (search.explicit !== undefined) return findExplicit(search, search.explicit)
  const tried: RefusedPython[] = []
  for await (const candidate of listCandidates(search)) {
    const answer = await examine(candidate, search)
    if (typeof answer !== 'string') {
      const { path: file, reason } = candidate
      return { path: file, reason, ...answer, tried }
    }
    const { path: file, reason, refusal } = candidate
    tried.push({ path: file, reason, refusal: answer, broken: refusal === undefined })
  }
  throw new TaipanError(
    'PYTHON_NOT_FOUND',
    [
      `no usable Python (${OLDEST_PYTHON.join('.')} or newer) was found. Tried:`,
      ...tried.map(({ path: file, reason, refusal }) => `  ${file} (${reason}): ${refusal}`),
      'Install Python, create a virtual environment with "python3 -m venv .venv", or name an interpreter with --python PATH.',
    ].join('\n'),
  )
}

async function examine(candidate: Candidate, search: PythonSearch) {
  return candidate.refusal ?? (await verifyInterpreter(candidate.path, search))
}

async function findExplicit(
  search: PythonSearch,
  { named, source }: ExplicitPython,
): Promise<PythonChoice> {
  const file = await resolveExplicit(search, named)
  const answer = await verifyInterpreter(file, search)
  if (typeof answer === 'string')
    throw new TaipanError(
      'PYTHON_NOT_FOUND',
      `${source}: ${file} ${answer}; name an interpreter or a virtual environment`,
    )
  return { path: file, reason: source, ...answer, tried: [] }
}

async function resolveExplicit(search: PythonSearch, named: string): Promise<string> {
  const file = path.resolve(search.cwd, named)
  const kind = await kindOf(file)
  if (kind === 'folder') {
    const inside = interpreterOf(file)
    if ((await kindOf(inside)) !== 'missing') return inside
  }
  const isName = !named.includes('/') && !named.includes(path.sep)
  if (!isName || kind === 'program') return file
  return (await findOnPath(named, search.environment)) ?? file
}
