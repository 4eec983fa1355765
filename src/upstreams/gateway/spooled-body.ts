import { open, rm, type FileHandle } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RequestBody } from '../../core/exchange.ts'

// What fits into one record of FastCGI.
const PIECE_BYTES = 0xff_f8

/** A whole body in memory and, beyond that, in a file, for somebody who reads it once. */
export class SpooledBody implements RequestBody {
  readonly length: number
  readonly expectsContinue = false
  error: Error | undefined
  onProgress: (() => void) | undefined
  #pieces: Uint8Array[]
  #buffered: number
  readonly #file: FileHandle | undefined
  /** Bytes of the file that were read. */
  #offset = 0
  #left: number
  #reading = false

  constructor(pieces: Uint8Array[], file: FileHandle | undefined, fileBytes: number) {
    this.#pieces = pieces
    this.#buffered = pieces.reduce((sum, piece) => sum + piece.length, 0)
    this.#file = file
    this.#left = fileBytes
    this.length = this.#buffered + fileBytes
  }

  get complete(): boolean {
    return this.#left === 0
  }

  get buffered(): number {
    return this.#buffered
  }

  request(): void {
    if (this.#reading || this.#left === 0 || this.#buffered > 0) return
    this.#reading = true
    this.#read()
      .catch((error: unknown) => {
        this.error = error instanceof Error ? error : new Error(String(error))
      })
      .finally(() => {
        this.#reading = false
        this.onProgress?.()
      })
  }

  take(limit = Infinity): Uint8Array | undefined {
    const [first] = this.#pieces
    if (first === undefined) return undefined
    const taken = first.length > limit ? first.subarray(0, limit) : first
    if (taken === first) this.#pieces.shift()
    else this.#pieces[0] = first.subarray(limit)
    this.#buffered -= taken.length
    return taken
  }

  async #read(): Promise<void> {
    const buffer = Buffer.allocUnsafe(Math.min(PIECE_BYTES, this.#left))
    const { bytesRead = 0 } = (await this.#file?.read(buffer, 0, buffer.length, this.#offset)) ?? {}
    if (bytesRead === 0) throw new Error('a file has become shorter while it was sent')
    this.#offset += bytesRead
    this.#left -= bytesRead
    this.#buffered += bytesRead
    this.#pieces.push(buffer.subarray(0, bytesRead))
  }
}

/** How a body is spooled. */
export interface SpoolOptions {
  /** Bytes that are kept in memory. */
  readonly memory: number
  /** A longer one goes to a file; else it is not taken. */
  readonly usesFile: boolean
  /** Called for the file, which has no name any more; it has to be closed. */
  readonly onFile: (file: FileHandle) => void
}

/**
 * Reads a body to its end, so that its length is known; undefined if it is longer than it may be. Rejects if it breaks off, or
 * cannot be written.
 */
export async function spoolBody(
  body: RequestBody,
  { memory, usesFile, onFile }: SpoolOptions,
): Promise<SpooledBody | undefined> {
  const pieces: Uint8Array[] = []
  let kept = 0
  let written = 0
  let file: FileHandle | undefined
  for await (const piece of readPieces(body)) {
    if (file === undefined && kept + piece.length <= memory) {
      pieces.push(piece)
      kept += piece.length
      continue
    }
    if (!usesFile) return undefined
    if (file === undefined) {
      file = await openUnnamed()
      onFile(file)
    }
    await file.writeFile(piece)
    written += piece.length
  }
  return new SpooledBody(pieces, file, written)
}

async function* readPieces(body: RequestBody): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const piece = body.take(PIECE_BYTES)
      if (piece !== undefined) yield piece
      else if (body.error !== undefined) throw body.error
      else if (body.complete) return
      else
        await new Promise<void>((resolve) => {
          body.onProgress = resolve
          body.request(PIECE_BYTES)
          if (body.buffered > 0 || body.complete || body.error !== undefined) resolve()
        })
    }
  } finally {
    body.onProgress = undefined
  }
}

/** A file that goes with its descriptor, whatever happens to this process. */
async function openUnnamed(): Promise<FileHandle> {
  const path = join(tmpdir(), `taipan-body-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  await rm(path)
  return file
}
