import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  type Stats,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { resolveOwnLinks } from './own-links.ts'

/** Of Linux: finds a file without opening it. Node has no name for it. */
const O_PATH = 0o10_000_000
const FIND = O_PATH | constants.O_NOFOLLOW
const DESCRIPTORS = '/proc/self/fd'

/** A folder that stays the same one, whatever becomes of its path. */
export interface PinnedFolder extends Disposable {
  /** Without links. */
  readonly path: string
  /** Leads to it, and never through a link. */
  readonly place: string
}

/** A file that stays the same one, whatever becomes of its path. */
export interface PinnedFile {
  readonly facts: Stats
  /** Leads to it, and never through a link. */
  readonly place: string
}

/**
 * Pins a folder: whoever may write to one on the way could else put a link in the place of the next between two steps, and
 * lead root elsewhere. For root, links on the way have to be root's. Other systems than Linux have no such place. Throws the
 * error of the system, with the code ELOOP for links of others and for what has moved meanwhile.
 */
export function pinFolder(path: string): PinnedFolder {
  if (!existsSync(DESCRIPTORS)) return { path, place: path, [Symbol.dispose]: () => {} }
  const real = resolveOwnLinks(path)
  const descriptor = openSync(real, FIND | constants.O_DIRECTORY)
  const place = `${DESCRIPTORS}/${descriptor}`
  let isOpen = true
  const close = (): void => {
    if (isOpen) closeSync(descriptor)
    isOpen = false
  }
  if (readlinkSync(place) === real) return { path: real, place, [Symbol.dispose]: close }
  close()
  throw Object.assign(new Error(`${path} was moved meanwhile`), { code: 'ELOOP' })
}

/** Calls `use` with the file at a path, which is no link; its folder is found as by `pinFolder`. Throws as that does. */
export function withPinnedFile<T>(path: string, use: (file: PinnedFile) => T): T {
  if (!existsSync(DESCRIPTORS)) return use({ facts: lstatSync(path), place: path })
  using folder = pinFolder(dirname(path))
  const descriptor = openSync(join(folder.place, basename(path)), FIND)
  try {
    return use({ facts: fstatSync(descriptor), place: `${DESCRIPTORS}/${descriptor}` })
  } finally {
    closeSync(descriptor)
  }
}
