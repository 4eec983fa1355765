import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

import { checkFilters } from './support/filters.ts'
import { prepareStarts } from './support/python-starts.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

/** Prepares the starts of Python, and builds the package once for the system tests. `TAIPAN_TEST_BUILT=1` uses `dist/` as it is. */
export async function setup(project: TestProject): Promise<void> {
  await checkFilters(project)
  prepareStarts()
  if (process.env['TAIPAN_TEST_BUILT'] === '1') return
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' })
}
