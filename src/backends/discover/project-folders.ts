import { stat } from 'node:fs/promises'
import path from 'node:path'

import { pathBelow } from '../../core/path-below.ts'
import { kindOf } from './interpreter-paths.ts'

/** A folder with the project it belongs to. */
export interface ProjectFolders {
  /** The folder, then its parents up to the outermost root; the folder alone when it is in no project. */
  readonly folders: readonly string[]
  /** Those of them that have a mark of a project, the nearest first. */
  readonly roots: readonly string[]
}

/** Files and folders that mark the root of a project. */
const ROOT_MARKS = [
  'pyproject.toml',
  'setup.py',
  'manage.py',
  'requirements.txt',
  'uv.lock',
  'Pipfile',
  '.git',
] as const

/**
 * Walks from a folder up to the root of its project: the outermost folder with a mark, in a repository that of the repository.
 * A service may have marks of its own within a project that keeps one environment for all.
 */
export async function findProjectFolders(folder: string): Promise<ProjectFolders> {
  const start = path.resolve(folder)
  const folders: string[] = []
  const roots: string[] = []
  for (const at of listUpwards(start)) {
    if (at !== start && (await isShared(at))) break
    folders.push(at)
    const marks = await listMarks(at)
    if (marks.length > 0) roots.push(at)
    if (marks.includes('.git')) break
  }
  const last = roots.at(-1)
  return { folders: folders.slice(0, last === undefined ? 1 : folders.indexOf(last) + 1), roots }
}

/** The folders from `folder` up to `above`, which contains it; the folder alone when it does not. */
export function listFoldersBetween(folder: string, above: string): string[] {
  const start = path.resolve(folder)
  const way = pathBelow(path.resolve(above), start)
  if (way === undefined) return [start]
  return listUpwards(start).slice(0, way === '' ? 1 : way.split(path.sep).length + 1)
}

function listUpwards(folder: string): string[] {
  const folders = [folder]
  for (let at = folder; path.dirname(at) !== at; at = path.dirname(at))
    folders.push(path.dirname(at))
  return folders
}

async function listMarks(folder: string): Promise<string[]> {
  const marks: string[] = []
  for (const name of ROOT_MARKS)
    if ((await kindOf(path.join(folder, name))) !== 'missing') marks.push(name)
  return marks
}

/** Everybody may write there, as in `/tmp`: what lies there need not be the person's own. */
async function isShared(folder: string): Promise<boolean> {
  const STICKY_AND_WRITABLE = 0o1002
  try {
    return ((await stat(folder)).mode & STICKY_AND_WRITABLE) === STICKY_AND_WRITABLE
  } catch {
    return true
  }
}
