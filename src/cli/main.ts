#!/usr/bin/env sh
':' // 2>/dev/null; exec node -- "$0" "$@"
// A polyglot: the shell runs this file by Node, and JavaScript reads the line as a directive. `--` keeps Node 20 from
// taking `--env-file` among the arguments as its own option.
import '../processes/refuse-debugger.ts'
import { endAtSignals } from './early-signals.ts'

if (process.pid === 1) endAtSignals()

// Imported afterwards, because it loads many modules.
const { runProgram } = await import('./run-program.ts')
await runProgram(process.argv.slice(2))
