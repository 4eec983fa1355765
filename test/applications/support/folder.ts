import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll } from 'vitest'

const made: string[] = []

/** Makes an empty folder that is removed after the tests of the file. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taipan-site-'))
  made.push(folder)
  return folder
}

afterAll(async () => {
  const folders = made.splice(0)
  await Promise.all(folders.map(async (path) => await rm(path, { recursive: true, force: true })))
})
