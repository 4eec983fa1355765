import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

/** Builds the package once for the system tests. `TAIPAN_TEST_BUILT=1` uses `dist/` as it is. */
export function setup(): void {
  if (process.env['TAIPAN_TEST_BUILT'] === '1') return
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' })
}
