#!/usr/bin/env sh
':' // 2>/dev/null; exec node -- "$0" "$@"
// To the shell that line says: run me by Node. To JavaScript it is a directive. Node 20 would take `--env-file`
// for its own wherever it stands, unless `--` comes before the script.
import { reportError } from './report-error.ts'
import { runCommand } from './run-command.ts'

try {
  process.exitCode = await runCommand(process.argv.slice(2))
} catch (error) {
  process.exitCode = reportError(error)
}
