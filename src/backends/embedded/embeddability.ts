import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import type { ProcessGroup } from '../../core/process-group.ts'
import { PYTHON_SCRIPT } from '../python-script.ts'
import { loadFfi } from './ffi.ts'
import { notEmbeddable } from './koffi.ts'

const run = promisify(execFile)
const ANSWER_MS = 20_000
const MODULE = 'taipan.embedded.embeddability'

/** Facts about a Python that are needed to run it in this process. */
export interface EmbeddingFacts {
  /** Such as `3.11.2`. */
  readonly version: string
  /** That of the virtual environment, if there is one. */
  readonly executable: string
  readonly prefix: string
  /** Path of the shared library. */
  readonly libpython: string
  /** It has no GIL. */
  readonly freeThreaded: boolean
  readonly utf8Mode: boolean
  readonly devMode: boolean
  /** From PYTHONHASHSEED; undefined if random. */
  readonly hashSeed: number | undefined
}

/** Whether a Python can run inside Node. */
export interface EmbeddingReport {
  readonly embeddable: boolean
  /** Why it cannot; empty if it can. */
  readonly reason: string
  readonly libpython: string | undefined
}

/** The options of a process group that Python starts with. */
export type PythonSettings = Pick<
  ProcessGroup,
  'python' | 'pythonArguments' | 'environment' | 'directory'
>

/** Checks whether a Python can run inside Node with this environment. */
export async function checkEmbedding(
  python: string,
  environment: Readonly<Record<string, string>>,
): Promise<EmbeddingReport> {
  const settings = { python, environment, pythonArguments: [], directory: process.cwd() }
  try {
    await loadFfi()
    const { libpython } = await examinePython(settings)
    return { embeddable: true, reason: '', libpython }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { embeddable: false, reason, libpython: undefined }
  }
}

/**
 * Examines a Python in a child process, so that a failure does not end this process. Rejects with PYTHON_NOT_EMBEDDABLE.
 */
export async function examinePython(settings: PythonSettings): Promise<EmbeddingFacts> {
  const { python, environment } = settings
  const answer = await ask(settings)
  const { obstacle, libpython } = answer
  if (typeof obstacle === 'string')
    throw notEmbeddable(`${describe(python, answer)} cannot run inside Node: ${instead(obstacle)}`)
  const text = (name: string): string => String(answer[name])
  if (typeof libpython !== 'string') throw unexpected(python, answer)
  const seed = Number(environment['PYTHONHASHSEED'] || 'NaN')
  return {
    version: text('version'),
    executable: text('executable'),
    prefix: text('prefix'),
    libpython,
    freeThreaded: answer['freeThreaded'] === true,
    utf8Mode: answer['utf8Mode'] === true,
    devMode: answer['devMode'] === true,
    hashSeed: Number.isNaN(seed) ? undefined : seed,
  }
}

type Answer = Readonly<Record<string, unknown>>

async function ask(settings: PythonSettings): Promise<Answer> {
  const { python, pythonArguments, environment, directory } = settings
  try {
    const { stdout } = await run(python, [...pythonArguments, PYTHON_SCRIPT, MODULE], {
      cwd: directory,
      env: { ...environment },
      timeout: ANSWER_MS,
      killSignal: 'SIGKILL',
    })
    const answer: unknown = JSON.parse(stdout)
    if (typeof answer === 'object' && answer !== null) return { ...answer }
    throw unexpected(python, answer)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const stderr = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : ''
    throw notEmbeddable(
      `${python} does not work in this environment, so it cannot run inside Node either: ${summarize(stderr) || error.message}${explainHome(environment)}`,
      error,
    )
  }
}

/** The line of the error output that gives the reason. */
function summarize(stderr: string): string {
  const lines = stderr.split('\n')
  return lines.find((line) => line.startsWith('Fatal Python error')) ?? lines.at(-1) ?? ''
}

function explainHome(environment: Readonly<Record<string, string>>): string {
  const home = environment['PYTHONHOME']
  return home ? `; PYTHONHOME is ${home}: unset it, or let it name the folder of this Python` : ''
}

function instead(obstacle: string): string {
  return `${obstacle}. Or use daemon mode (-e daemon), which does not need it`
}

function describe(python: string, { version }: Answer): string {
  return typeof version === 'string' ? `${python} (Python ${version})` : python
}

function unexpected(python: string, answer: unknown): Error {
  return new Error(`${python} gave an unexpected answer: ${JSON.stringify(answer)}`)
}
