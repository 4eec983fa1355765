import { lchownSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import type { Row } from './row.ts'
import type { Visitor } from './visitor.ts'

/** Folders of a row. */
interface Place {
  readonly project: string
  /** What the command takes for `/tmp`. */
  readonly temporary: string
}

/** Makes the project of a row in a new folder, and gives it to the visitor. */
export function layOut(place: string, row: Row, { uid, installed }: Visitor): Place {
  const project = join(place, row.folder ?? 'shop')
  const temporary = join(place, 'tmp')
  for (const folder of [project, temporary]) mkdirSync(folder, { recursive: true })
  for (const [name, content] of Object.entries(row.files ?? {})) {
    mkdirSync(dirname(join(project, name)), { recursive: true })
    writeFileSync(join(project, name), content)
  }
  row.prepare?.(project)
  if (row.installed === true)
    symlinkSync(join(installed, 'node_modules'), join(project, 'node_modules'))
  if (uid !== undefined)
    for (const folder of row.readOnly === true ? [temporary] : [temporary, project])
      for (const path of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })])
        lchownSync(join(folder, path), uid, uid)
  return { project, temporary }
}

/** Everything in a folder but the bytecode that Python writes beside modules of the project. */
export function listPaths(folder: string): string[] {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return all.filter((path) => !path.split('/').includes('__pycache__')).toSorted()
}
