import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { readRootsLink } from '../native/own-links.ts'
import { pinFolder, type PinnedFolder } from '../native/pinned-file.ts'

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants
// A pipe that nobody reads would else hold the whole server.
const APPEND = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK
const MODE = 0o640

/** A file that is appended to. */
export interface AppendedFile {
  readonly descriptor: number
  /** Where it is, whatever becomes of the folders of its path. */
  readonly place: string
  close(): void
}

/**
 * Opens or makes a file to append to. Root takes care that those who may write to its folder do not lead it to another
 * file, by links or by a second name of that. Throws the error of the system, or one that says which link it is.
 */
export function openAppended(path: string): AppendedFile {
  return process.geteuid?.() === 0 ? openAsRoot(path, 0) : openPlainly(path)
}

function openPlainly(path: string): AppendedFile {
  const descriptor = openSync(path, 'a', MODE)
  return { descriptor, place: path, close: () => closeSync(descriptor) }
}

function openAsRoot(path: string, links: number): AppendedFile {
  const folder = pinFolder(dirname(path))
  try {
    const place = join(folder.place, basename(path))
    const target = readRootsLink(place, path, links + 1)
    if (target === undefined) return openPinned(place, folder)
    const behind = resolve(folder.path, target)
    folder[Symbol.dispose]()
    // Of the kernel, as /dev/stdout, which leads to no name of a file.
    return behind.startsWith('/proc/') ? openPlainly(path) : openAsRoot(behind, links + 1)
  } catch (error) {
    folder[Symbol.dispose]()
    throw tellPath(path, error)
  }
}

/** With the path that people know in place of that of the pinned folder. */
function tellPath(path: string, error: unknown): unknown {
  if (error instanceof Error)
    error.message = error.message.replace(/'\/proc\/self\/fd\/[^']*'/, `'${path}'`)
  return error
}

function openPinned(place: string, folder: PinnedFolder): AppendedFile {
  const descriptor = openSync(place, APPEND, MODE)
  const facts = fstatSync(descriptor)
  if (facts.isFile() && facts.nlink > 1) {
    closeSync(descriptor)
    throw new Error('it has another name, too (a hard link), so it may be any file')
  }
  return {
    descriptor,
    place,
    close: () => {
      closeSync(descriptor)
      folder[Symbol.dispose]()
    },
  }
}
