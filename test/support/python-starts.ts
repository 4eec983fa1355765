import { execFileSync } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'

import { ROOT } from './cli.ts'

/** Makes starts of Python cheap, because tests have hundreds of them. */
export function prepareStarts(): void {
  const python = run('python3', '-c', 'import sys; print(sys.executable)').trim()
  skipShim(dirname(python))
  // Taipan writes no bytecode by itself. What is older than its source is ignored.
  run(python, '-m', 'compileall', '-q', join(ROOT, 'python/taipan'))
}

/** Puts the folder of Python first on PATH, unless it is there: a shim of pyenv costs more than Python itself. */
function skipShim(folder: string): void {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  if (!folders.includes(folder)) process.env['PATH'] = [folder, ...folders].join(delimiter)
}

function run(program: string, ...words: string[]): string {
  return execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}
