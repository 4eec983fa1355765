import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

import { ROOT } from './cli.ts'

/** Makes starts of Python cheap, because tests have hundreds of them. */
export function prepareStarts(): void {
  const python = run('python3', '-c', 'import sys; print(sys.executable)').trim()
  skipShim(dirname(python))
  // Taipan writes no bytecode by itself. What is older than its source is ignored.
  run(python, '-m', 'compileall', '-q', join(ROOT, 'python/taipan'))
}

/** Puts the folder of Python before the shim on PATH that leads to it: one of pyenv costs more than Python itself. */
function skipShim(folder: string): void {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  if (folders.includes(folder)) return
  const shim = folders.findIndex((one) => existsSync(join(one, 'python3')))
  process.env['PATH'] = folders.toSpliced(shim, 0, folder).join(delimiter)
}

function run(program: string, ...words: string[]): string {
  return execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}
