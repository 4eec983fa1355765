import { vi } from 'vitest'

import { findLogFormat } from '../../src/cli/log-format.ts'
import { reportError } from '../../src/cli/report-error.ts'
import { runCommand } from '../../src/cli/run-command.ts'
import type { CommandOptions, FinishedCommand } from './cli.ts'

/** Runs a command line that starts no other process inside this one, which takes milliseconds. */
export async function runHere(
  words: readonly string[],
  { cwd = process.cwd(), env = {} }: Pick<CommandOptions, 'cwd' | 'env'> = {},
): Promise<FinishedCommand> {
  const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const before = process.cwd()
  for (const [name, value] of Object.entries({ NO_COLOR: '1', ...env })) vi.stubEnv(name, value)
  process.chdir(cwd)
  try {
    const format = findLogFormat(words, process.env)
    const exitCode = await runCommand(words).catch((error: unknown) => reportError(error, format))
    const [out, err] = [stdout, stderr].map(({ mock }) => mock.calls.map(([text]) => text).join(''))
    return { exitCode, stdout: out ?? '', stderr: err ?? '', output: `${out}${err}` }
  } finally {
    process.chdir(before)
    vi.unstubAllEnvs()
    stdout.mockRestore()
    stderr.mockRestore()
  }
}
