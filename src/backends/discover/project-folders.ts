import path from 'node:path'

import { kindOf } from './interpreter-paths.ts'

/** A folder and its project. */
export interface ProjectFolders {
  /** The folder and its parents up to the root of the project; the folder alone if it is in no project. */
  readonly folders: readonly string[]
  /** The folder with `pyproject.toml` or else `.git`; undefined outside of projects. */
  readonly root: string | undefined
}

/** Walks from a folder up to the root of its project. */
export async function findProjectFolders(folder: string): Promise<ProjectFolders> {
  const folders: string[] = []
  let at = path.resolve(folder)
  for (;;) {
    folders.push(at)
    if (await isRoot(at)) return { folders, root: at }
    const parent = path.dirname(at)
    if (parent === at) return { folders: folders.slice(0, 1), root: undefined }
    at = parent
  }
}

async function isRoot(folder: string): Promise<boolean> {
  for (const name of ['pyproject.toml', '.git'])
    if ((await kindOf(path.join(folder, name))) !== 'missing') return true
  return false
}
