import { constants } from 'node:fs'
import { open, readlink, realpath, stat, type FileHandle } from 'node:fs/promises'
import type { Validators } from './preconditions.ts'

/** A regular file inside the folder, opened for reading. The caller closes `handle`. */
export interface StaticFile {
  readonly kind: 'file'
  readonly handle: FileHandle
  /** In bytes, at the time of opening. */
  readonly size: number
  readonly validators: Validators
}

/** What a path inside the folder names; `refused` exists but must not be served. */
export type StaticEntry =
  | StaticFile
  | { readonly kind: 'directory' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused' }

const NOTHING: StaticEntry = { kind: 'nothing' }
const REFUSED: StaticEntry = { kind: 'refused' }
const DIRECTORY: StaticEntry = { kind: 'directory' }
// Without O_NONBLOCK, opening a FIFO waits for a writer.
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY
const ABSENT = new Set([
  'ENOENT',
  'ENOTDIR',
  'EACCES',
  'EPERM',
  'ELOOP',
  'ENAMETOOLONG',
  'ENXIO',
  'ENODEV',
  'EINVAL',
  'ERR_INVALID_ARG_VALUE',
])

/** A folder whose files are served. Symbolic links must not lead out of it. */
export class StaticFolder {
  readonly #root: string
  #realRoot: string | undefined

  /** `root` is absolute; it may be created later. */
  constructor(root: string) {
    this.#root = root === '/' ? '' : root.replace(/\/$/, '')
  }

  /** Opens the file with a relative path that begins with a slash. Rejects for system errors, such as too many open files. */
  async open(relative: string, variant = ''): Promise<StaticEntry> {
    const path = this.#root + relative
    const handle = await openIfPresent(path)
    if (handle === undefined) return NOTHING
    let entry = REFUSED
    try {
      entry = await this.#examine(handle, path, variant)
    } finally {
      if (entry.kind !== 'file') await handle.close()
    }
    return entry
  }

  async #examine(handle: FileHandle, path: string, variant: string): Promise<StaticEntry> {
    const facts = await handle.stat({ bigint: true })
    if (!facts.isFile() && !facts.isDirectory()) return REFUSED
    if (!(await this.#contains(await resolveOpened(handle, path)))) return REFUSED
    if (facts.isDirectory()) return DIRECTORY
    const size = Number(facts.size)
    const etag = `"${facts.mtimeNs.toString(36)}-${size.toString(36)}${variant}"`
    const lastModified = Number(facts.mtimeNs / 1_000_000_000n)
    return { kind: 'file', handle, size, validators: { etag, lastModified } }
  }

  async #contains(real: string | undefined): Promise<boolean> {
    if (real === undefined) return false
    if (isInside(real, this.#realRoot)) return true
    // The root may be a symbolic link that now leads to a new release.
    this.#realRoot = await realpathIfPresent(this.#root || '/')
    return isInside(real, this.#realRoot)
  }
}

function isInside(path: string, root: string | undefined): boolean {
  return root !== undefined && (path === root || path.startsWith(root === '/' ? root : `${root}/`))
}

/** The real path of an open file, taken from its descriptor, because names may change between open and check. */
async function resolveOpened(handle: FileHandle, path: string): Promise<string | undefined> {
  try {
    return await readlink(`/proc/self/fd/${handle.fd}`)
  } catch {
    return await resolveByName(handle, path)
  }
}

/** For systems without /proc: the path is valid only if it still names the opened file. */
async function resolveByName(handle: FileHandle, path: string): Promise<string | undefined> {
  const real = await realpathIfPresent(path)
  if (real === undefined) return undefined
  const [named, opened] = await Promise.all([
    stat(real, { bigint: true }),
    handle.stat({ bigint: true }),
  ])
  return named.ino === opened.ino && named.dev === opened.dev ? real : undefined
}

async function openIfPresent(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, OPEN_FLAGS)
  } catch (error) {
    return ignoreAbsence(error)
  }
}

async function realpathIfPresent(path: string): Promise<string | undefined> {
  try {
    return await realpath(path)
  } catch (error) {
    return ignoreAbsence(error)
  }
}

function ignoreAbsence(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code === 'string' && ABSENT.has(code)) return undefined
  throw error
}
