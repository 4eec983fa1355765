import { existsSync, readdirSync, type Dirent } from 'node:fs'
import { join } from 'node:path'

import { USUAL_NAMES } from './target.ts'

const MOST = 5
const NO_APPLICATION = /^(?:__.*|setup|conftest|test_.*|.*_test)\.py$/
const NO_SOURCES = /^(?:\..*|__pycache__|node_modules)$/

/** What a person may mean in a folder without a usual file: folders with one, then files, as they are typed. */
export function findNearbyTargets(folder: string): readonly string[] {
  const entries = list(folder)
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const below = folders.includes('src')
    ? list(join(folder, 'src'))
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join('src', name))
    : []
  const usual = [...folders, ...below].filter((name) => isApplication(join(folder, name)))
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.py'))
  const named = files.map(({ name }) => name).filter((name) => !NO_APPLICATION.test(name))
  return [...usual, ...named].slice(0, MOST)
}

function isApplication(folder: string): boolean {
  return USUAL_NAMES.some((name) => existsSync(join(folder, name)))
}

function list(folder: string): Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries
      .filter(({ name }) => !NO_SOURCES.test(name))
      .toSorted((a, b) => a.name.localeCompare(b.name))
  } catch {
    return []
  }
}
