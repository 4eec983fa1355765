import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { PYTHON } from './site.ts'

const execute = promisify(execFile)

/** How to run a program. */
export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a program and resolves with its output; rejects with its error output if it fails. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { stdout } = await execute(program, args, {
    ...options,
    env: { ...process.env, ...options.env },
    timeout: 60_000,
    maxBuffer: 64_000_000,
  })
  return stdout
}

/** Runs the Python with the frameworks. */
export async function runPython(args: readonly string[], options?: RunOptions): Promise<string> {
  return await run(PYTHON, args, options)
}
