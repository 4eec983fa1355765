import { readProcess } from '../server/read-process.ts'
import { findLogFormat } from './log-format.ts'
import { reportError } from './report-error.ts'
import { runCommand } from './run-command.ts'

const LAST_WORDS_MS = 1000

/** Runs the command of a command line and sets the exit code of the process. */
export async function runProgram(words: readonly string[]): Promise<void> {
  const format = findLogFormat(words, readProcess().environment)
  process.on('uncaughtException', (error) => process.exit(reportError(error, format)))
  // A reader of the output such as `head` may end early.
  process.stdout.on('error', () => {})
  try {
    process.exitCode = await runCommand(words)
  } catch (error) {
    process.exitCode = reportError(error, format)
  }
  // All work is done, so an open handle must not keep the process alive.
  setTimeout(() => process.exit(), LAST_WORDS_MS).unref()
}
