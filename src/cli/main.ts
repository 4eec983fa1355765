#!/usr/bin/env sh
':' //; exec node -- "$0" "$@"
// The line above is for the shell, and a directive for JavaScript: behind `--` Node 20 reads no --env-file of ours.
import { reportError } from './report-error.ts'
import { runCommand } from './run-command.ts'

try {
  process.exitCode = await runCommand(process.argv.slice(2))
} catch (error) {
  process.exitCode = reportError(error)
}
