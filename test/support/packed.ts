import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from './cli.ts'

const run = promisify(execFile)

/** Packs a folder as `npm publish` would, into `destination`; returns the path of the tarball. */
export async function packPackage(folder: string, destination: string): Promise<string> {
  const args = ['pack', '--loglevel=error', '--pack-destination', destination]
  const { stdout } = await run('npm', args, { cwd: folder, maxBuffer: 16 * 1024 * 1024 })
  return join(destination, stdout.trim().split('\n').at(-1) ?? '')
}

/**
 * A project with the packed tarball of this repository installed; returns its folder. Made once for each state of the
 * package and shared by all tests, which must not change it.
 */
export async function installPackage(): Promise<string> {
  const kept = join(ROOT, 'node_modules/.cache/taipan-package', await hashPackage())
  if (existsSync(kept)) return kept
  const made = await mkdtemp(join(tmpdir(), 'taipan-package-'))
  await chmod(made, 0o755)
  const tarball = await packPackage(ROOT, made)
  await writeFile(join(made, 'package.json'), '{"private": true}')
  await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', tarball], {
    cwd: made,
  })
  await moveInPlace(made, kept)
  return kept
}

/** Another test may have been first; a rename across file systems is a copy. */
async function moveInPlace(made: string, kept: string): Promise<void> {
  const near = `${kept}.${process.pid}`
  await mkdir(join(kept, '..'), { recursive: true })
  await cp(made, near, { recursive: true, verbatimSymlinks: true })
  await rm(made, { recursive: true })
  try {
    await rename(near, kept)
  } catch {
    await rm(near, { recursive: true })
  }
}

async function hashPackage(): Promise<string> {
  const hash = createHash('sha256')
  const inside = ['dist', 'python/taipan'].flatMap((folder) =>
    listFiles(join(ROOT, folder))
      .filter((name) => !name.endsWith('.pyc'))
      .map((name) => join(folder, name)),
  )
  for (const name of ['package.json', 'python/main.py', ...inside]) {
    const { mtimeMs, size } = await stat(join(ROOT, name))
    hash.update(`${name} ${mtimeMs} ${size}\n`)
  }
  return hash.digest('hex').slice(0, 16)
}

/** Relative paths of all files below a folder. */
export function listFiles(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)))
    .toSorted()
}
