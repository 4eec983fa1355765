#!/usr/bin/env sh
':' // 2>/dev/null; exec node -- "$0" "$@"
// To the shell that line says: run me by Node. To JavaScript it is a directive. Node 20 would take `--env-file`
// for its own wherever it stands, unless `--` comes before the script.
import { reportError } from './report-error.ts'
import { runCommand } from './run-command.ts'

const LAST_WORDS_MS = 1000

process.on('uncaughtException', (error) => process.exit(reportError(error)))
// A reader such as `head` may leave early.
process.stdout.on('error', () => {})

try {
  process.exitCode = await runCommand(process.argv.slice(2))
} catch (error) {
  process.exitCode = reportError(error)
}
// All work is over: a handle that something forgot must not keep the command.
setTimeout(() => process.exit(), LAST_WORDS_MS).unref()
