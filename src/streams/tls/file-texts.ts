import { readFile, stat } from 'node:fs/promises'

/** What is in files by their paths: a text, or the code of the system that says why they cannot be read. Plain data. */
export type FileTexts = Readonly<Record<string, FileText>>

/** The text of a file, or why there is none. */
export type FileText = { readonly text: string } | { readonly code: string }

/** Far more than certificates need; who names another file by mistake is told so. */
const MOST_BYTES = 1024 * 1024

/** Reads files; never rejects. */
export async function readFileTexts(paths: readonly string[]): Promise<FileTexts> {
  const entries = paths.map(async (path) => [path, await readText(path)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

async function readText(path: string): Promise<FileText> {
  try {
    const { size } = await stat(path)
    if (size > MOST_BYTES) return { code: 'EFBIG' }
    return { text: await readFile(path, 'latin1') }
  } catch (error) {
    return { code: error instanceof Error && 'code' in error ? String(error.code) : String(error) }
  }
}

/** A text that changes with the files behind the paths, whether they are written, renamed, or behind another link. */
export async function signFiles(paths: readonly string[]): Promise<string> {
  return (await Promise.all(paths.map(signFile))).join('\n')
}

async function signFile(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}
