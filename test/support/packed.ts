import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  for (const place of ['package.json', 'dist', 'python/main.py', 'python/taipan'])
    for (const path of await listFiles(join(ROOT, place))) {
      const { mtimeMs, size } = await stat(path)
      hash.update(`${path} ${mtimeMs} ${size}\n`)
    }
  return hash.digest('hex').slice(0, 16)
}

async function listFiles(place: string): Promise<string[]> {
  if ((await stat(place)).isFile()) return [place]
  const entries = await readdir(place, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.pyc'))
  return files.map(({ parentPath, name }) => join(parentPath, name)).toSorted()
}
