import { reportError } from './report-error.ts'
import { runCommand } from './run-command.ts'

const LAST_WORDS_MS = 1000

/** Runs the command that `words` name, and sets the exit code of the process. */
export async function runProgram(words: readonly string[]): Promise<void> {
  process.on('uncaughtException', (error) => process.exit(reportError(error)))
  // A reader such as `head` may leave early.
  process.stdout.on('error', () => {})
  try {
    process.exitCode = await runCommand(words)
  } catch (error) {
    process.exitCode = reportError(error)
  }
  // All work is over: a handle that something forgot must not keep the command.
  setTimeout(() => process.exit(), LAST_WORDS_MS).unref()
}
