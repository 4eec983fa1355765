import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DOWNLOAD_SIZE } from '../workloads/index.ts'
import { APPLICATIONS } from './paths.ts'

/** Files of a run, removed at its end. */
export interface Scratch extends Disposable {
  readonly folder: string
  /** Variables that tell the applications where their files are. */
  readonly environment: Readonly<Record<string, string>>
}

/** Makes the file to download and the database of the Django page. */
export function createScratch(python: string): Scratch {
  const folder = mkdtempSync(join(tmpdir(), 'taipan-bench-'))
  const environment = {
    BENCH_FILE: join(folder, 'download.bin'),
    BENCH_DATABASE: join(folder, 'books.sqlite3'),
  }
  const scratch = {
    folder,
    environment,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
  try {
    // Apache started by root reads as another user.
    chmodSync(folder, 0o755)
    writeFileSync(environment.BENCH_FILE, Buffer.alloc(DOWNLOAD_SIZE))
    execFileSync(python, ['-m', 'django_page.prepare'], {
      cwd: APPLICATIONS,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  } catch (error) {
    scratch[Symbol.dispose]()
    throw error
  }
  return scratch
}
