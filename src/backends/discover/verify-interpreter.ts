import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import type { Account } from '../../core/confinement.ts'
import { isOnlyRoots } from '../../processes/trusted-file.ts'
import { kindOf } from './interpreter-paths.ts'

const run = promisify(execFile)

/** Oldest supported version of Python. */
export const OLDEST_PYTHON = [3, 9] as const

const ANSWER_MS = 10_000
const QUESTION = 'import sys; print(".".join(map(str, sys.version_info[:3])))'

/** Facts that an interpreter reports about itself. */
export interface InterpreterFacts {
  /** Such as `3.11.2`. */
  readonly version: string
}

/** How an interpreter is run to be verified. */
export interface Verification {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Who will run it; the user of this process by default. */
  readonly account?: Account | undefined
}

/** Runs an interpreter; returns the reason if it cannot be used. */
export async function verifyInterpreter(
  file: string,
  { environment, account }: Verification,
): Promise<InterpreterFacts | string> {
  const kind = await kindOf(file)
  if (kind === 'missing') return 'does not exist'
  if (kind === 'folder') return 'is a folder without an interpreter'
  if (kind === 'file') return 'is not executable'
  try {
    // Without `site`, which takes half of the time and may run code of the environment.
    const { stdout } = await run(file, ['-I', '-S', '-c', QUESTION], {
      env: { ...environment },
      timeout: ANSWER_MS,
      killSignal: 'SIGKILL',
      windowsHide: true,
      // One that others can change must not have the rights of root.
      ...(account !== undefined && !isOnlyRoots(file) && { uid: account.uid, gid: account.gid }),
    })
    return parseAnswer(stdout)
  } catch (error) {
    return describeRefusal(error)
  }
}

function parseAnswer(answer: string): InterpreterFacts | string {
  const [version = ''] = answer.split(/\r?\n/)
  const [major, minor] = version.split('.').map(Number)
  if (major === undefined || minor === undefined || Number.isNaN(major + minor))
    return 'is not a Python interpreter'
  const [oldestMajor, oldestMinor] = OLDEST_PYTHON
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor))
    return `is Python ${version}, but Taipan needs ${OLDEST_PYTHON.join('.')} or newer`
  return { version }
}

function describeRefusal(error: unknown): string {
  if (!(error instanceof Error)) return 'could not be run'
  if ('killed' in error && error.killed === true) return `did not answer within ${ANSWER_MS} ms`
  const stderr = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : ''
  // Python 2 has no -I.
  if (/unknown option -I/i.test(stderr)) return 'is Python 2, but Taipan needs 3.9 or newer'
  const last = stderr.split('\n').at(-1)
  return last ? `could not be run: ${last}` : 'is not a Python interpreter'
}
