import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  type Stats,
} from 'node:fs'

/** Of Linux: finds a file without opening it. Node has no name for it. */
const O_PATH = 0o10_000_000
const DESCRIPTORS = '/proc/self/fd'

/** A file that stays the same one, whatever becomes of its path. */
export interface PinnedFile {
  readonly facts: Stats
  /** Leads to it, and never through a link. */
  readonly place: string
}

/**
 * Calls `use` with the file at a path: whoever may write to its folder could else put a link in its place between two
 * steps, and let root change what the link leads to. Other systems than Linux have no such place. Throws the error of the
 * system if there is no file.
 */
export function withPinnedFile<T>(path: string, use: (file: PinnedFile) => T): T {
  if (!existsSync(DESCRIPTORS)) return use({ facts: lstatSync(path), place: path })
  const descriptor = openSync(path, O_PATH | constants.O_NOFOLLOW)
  try {
    return use({ facts: fstatSync(descriptor), place: `${DESCRIPTORS}/${descriptor}` })
  } finally {
    closeSync(descriptor)
  }
}
