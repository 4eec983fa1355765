#!/usr/bin/env sh
':' // 2>/dev/null; exec node -- "$0" "$@"
// To the shell that line says: run me by Node. To JavaScript it is a directive. Node 20 would take `--env-file`
// for its own wherever it stands, unless `--` comes before the script.
import '../processes/refuse-debugger.ts'

// Loaded after it: with many modules that takes a while.
const { runProgram } = await import('./run-program.ts')
await runProgram(process.argv.slice(2))
