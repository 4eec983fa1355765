import { answerError } from '../../core/answer-error.ts'
import type { Exchange } from '../../core/exchange.ts'
import { createResponseHead } from '../../core/response-head.ts'
import { pathBelow } from '../../core/path-below.ts'
import { decodeLatin1, decodePercent } from '../../wire/percent.ts'
import { readField } from '../field-values.ts'
import { resolveContentType } from './content-type.ts'
import { sendRepresentation } from './send-static.ts'
import { StaticFolder, type StaticEntry, type StaticFile } from './static-folder.ts'

/** A file that an application names, with the fields of its answer; one character per byte. */
export interface FileRequest {
  /** `x-sendfile`: an absolute path; `x-accel-redirect`: the same, or a path below a folder, percent-encoded. */
  readonly field: 'x-sendfile' | 'x-accel-redirect'
  readonly value: string
  readonly fields: readonly string[]
}

// What concerns the body that is not sent is left out, as nginx does it.
const KEPT = new Set([
  'content-disposition',
  'content-language',
  'cache-control',
  'expires',
  'set-cookie',
  'vary',
])
const NOTHING: StaticEntry = { kind: 'nothing' }

/** Sends files that applications name, from these folders only. */
export class NamedFiles {
  readonly #folders: readonly { readonly root: string; readonly folder: StaticFolder }[]

  /** Absolute paths. */
  constructor(roots: readonly string[]) {
    this.#folders = roots.map((root) => ({ root, folder: new StaticFolder(root) }))
  }

  /** Answers with the file: 404 if it is not there, 502 if it is in none of the folders. Rejects when it cannot be read. */
  async send(exchange: Exchange, request: FileRequest): Promise<void> {
    const { field, value } = request
    const isUrl = field === 'x-accel-redirect'
    const path = decodeLatin1(isUrl ? decodePercent(value.split('?')[0] ?? '') : value)
    const entry = isSafe(path) ? await this.#open(path, isUrl) : undefined
    if (entry?.kind === 'file') await sendFile(exchange, entry, { path, fields: request.fields })
    else answerError(exchange, entry?.kind === 'nothing' ? 'NOT_FOUND' : 'UPSTREAM_FAILED')
  }

  async #open(path: string, isUrl: boolean): Promise<StaticEntry | undefined> {
    for (const { root, folder } of this.#folders) {
      const below = pathBelow(root, path)
      if (below !== undefined && below !== '') return await folder.open(`/${below}`)
    }
    if (!isUrl) return undefined
    for (const { folder } of this.#folders) {
      const entry = await folder.open(path)
      if (entry.kind !== 'nothing') return entry
    }
    return NOTHING
  }
}

function isSafe(path: string): boolean {
  return path.startsWith('/') && !path.includes('\0') && !/(?:^|\/)\.{1,2}(?:\/|$)/.test(path)
}

async function sendFile(
  exchange: Exchange,
  file: StaticFile,
  { path, fields }: { readonly path: string; readonly fields: readonly string[] },
): Promise<void> {
  try {
    const kept = fields.filter((_, at) => KEPT.has((fields[at - (at % 2)] ?? '').toLowerCase()))
    const type = readField(fields, 'content-type')
    // Checks it, too.
    const typeFields = type === undefined ? [] : ['Content-Type', type]
    createResponseHead(200, typeFields)
    await sendRepresentation(exchange, {
      file,
      coding: undefined,
      contentType: type ?? (await resolveContentType(path)),
      commonLines: createResponseHead(200, kept).fields.text,
    })
  } finally {
    await file.handle.close()
  }
}
