import { answerError } from '../../core/answer-error.ts'
import type { Exchange, Handler } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'
import { createResponseHead } from '../../core/response-head.ts'
import { readField } from '../field-values.ts'
import type { RouteMatch } from '../route-path.ts'
import type { Answerer } from '../routes.ts'
import { sendRedirect } from '../send-redirect.ts'
import { parseAcceptEncoding, type CodingPreference } from '../content-coding.ts'
import { loadContentTypes, resolveContentType } from './content-type.ts'
import { resolveFilePath } from './file-path.ts'
import { sendEmpty, sendRepresentation } from './send-static.ts'
import { StaticFolder, type StaticFile } from './static-folder.ts'

/** Options of a static folder. */
export interface StaticOptions {
  /** Absolute path of the folder. */
  readonly root: string
  /** Value of Cache-Control; undefined sends none. */
  readonly cacheControl?: string | undefined
  /**
   * Names of the files to serve for a folder, in order of preference.
   * @default ['index.html']
   */
  readonly index?: readonly string[]
  /**
   * Serve `x.br`, `x.zst` or `x.gz` instead of `x` to clients that accept them.
   * @default true
   */
  readonly precompressed?: boolean | undefined
  /**
   * Pass requests without a file to the next matching route instead of answering 404. A file that exists and must not be
   * served is still a 404, and so is, below a prefix, a path that cannot name a file.
   */
  readonly fallthrough?: boolean | undefined
  /** Gets a warning when an existing file cannot be read. */
  readonly logger?: Logger | undefined
}

const ALLOW = 'Allow: GET, HEAD, OPTIONS\r\n'

/** Serves the files of a folder. Throws `APPLICATION_FAILED` when `cacheControl` is not a valid header value. */
export function createStaticAnswerer(options: StaticOptions): Answerer {
  const files = new StaticFiles(options)
  return (exchange, match, next) => files.answer(exchange, match, next)
}

class StaticFiles {
  readonly #folder: StaticFolder
  readonly #index: readonly string[]
  readonly #precompressed: boolean
  readonly #fallthrough: boolean
  readonly #commonLines: string
  readonly #logger: Logger | undefined

  constructor(options: StaticOptions) {
    this.#folder = new StaticFolder(options.root)
    this.#index = options.index ?? ['index.html']
    this.#precompressed = options.precompressed ?? true
    this.#fallthrough = options.fallthrough ?? false
    this.#logger = options.logger
    // Early, so that the first file need not wait for it; a failure is told by the files.
    loadContentTypes().catch(() => {})
    const pairs = ['X-Content-Type-Options', 'nosniff']
    // The plain file needs Vary, too: else a cache would give it to every client after a compressed file was added.
    if (this.#precompressed) pairs.push('Vary', 'Accept-Encoding')
    if (options.cacheControl !== undefined) pairs.push('Cache-Control', options.cacheControl)
    this.#commonLines = createResponseHead(200, pairs).fields.text
  }

  answer(exchange: Exchange, match: RouteMatch, next: Handler): void {
    if (!this.#fallthrough && !isRead(exchange)) this.#answerMethod(exchange)
    else this.#lookUp(exchange, match, next).catch((error: unknown) => this.#fail(exchange, error))
  }

  async #lookUp(exchange: Exchange, match: RouteMatch, next: Handler): Promise<void> {
    const path = resolveFilePath(exchange.request.path.slice(match.restOffset))
    if (path === undefined) return this.#answerForbidden(exchange, match, next)
    if (path.endsWith('/')) return await this.#answerFolder(exchange, path, next)
    const entry = await this.#folder.open(path)
    if (entry.kind === 'file') return await this.#serve(exchange, path, entry)
    if (entry.kind === 'refused') return this.#refuse(exchange)
    if (entry.kind === 'nothing' || !isRead(exchange)) return this.#answerNothing(exchange, next)
    // With `fallthrough`, a folder without an index may be a page of the application.
    if (this.#fallthrough && !(await this.#hasIndex(path))) goOn(exchange, next)
    else this.#redirectToFolder(exchange)
  }

  async #answerFolder(exchange: Exchange, path: string, next: Handler): Promise<void> {
    const found = isRead(exchange) ? await this.#openIndex(path) : undefined
    if (found === undefined) this.#answerNothing(exchange, next)
    else await this.#serve(exchange, found.path, found.entry)
  }

  async #openIndex(
    folder: string,
  ): Promise<{ readonly path: string; readonly entry: StaticFile } | undefined> {
    for (const name of this.#index) {
      const path = folder + name
      const entry = await this.#folder.open(path)
      if (entry.kind === 'file') return { path, entry }
    }
    return undefined
  }

  async #hasIndex(path: string): Promise<boolean> {
    const found = await this.#openIndex(`${path}/`)
    await found?.entry.handle.close()
    return found !== undefined
  }

  #answerNothing(exchange: Exchange, next: Handler): void {
    if (this.#fallthrough) goOn(exchange, next)
    else this.#refuse(exchange)
  }

  /** Answers a path that cannot name a file. Below a prefix that is a 404; at the root it may be a path of the application. */
  #answerForbidden(exchange: Exchange, match: RouteMatch, next: Handler): void {
    if (match.scriptName === '') this.#answerNothing(exchange, next)
    else this.#refuse(exchange)
  }

  #refuse(exchange: Exchange): void {
    exchange.notes.answeredBy = 'static'
    answerError(exchange, 'NOT_FOUND')
  }

  /** Answers a method other than GET and HEAD. */
  #answerMethod(exchange: Exchange): void {
    exchange.notes.answeredBy = 'static'
    sendEmpty(exchange, exchange.request.method === 'OPTIONS' ? 204 : 405, ALLOW)
  }

  /** Adds the slash. The path has no empty segment, so the location never begins with two slashes. */
  #redirectToFolder(exchange: Exchange): void {
    exchange.notes.answeredBy = 'static'
    sendRedirect(exchange, 301, `${exchange.request.path}/`)
  }

  async #serve(exchange: Exchange, path: string, plain: StaticFile): Promise<void> {
    exchange.notes.answeredBy = 'static'
    if (!isRead(exchange)) {
      await plain.handle.close()
      return this.#answerMethod(exchange)
    }
    let chosen: { readonly file: StaticFile; readonly coding: string | undefined } | undefined
    try {
      const preference = this.#readPreference(exchange)
      chosen = await this.#findSibling(path, preference)
      if (exchange.response.finished) return
      if (chosen === undefined && !preference.identity)
        return sendEmpty(exchange, 406, this.#commonLines)
      const { file, coding } = chosen ?? { file: plain, coding: undefined }
      const contentType = await resolveContentType(path)
      const commonLines = this.#commonLines
      await sendRepresentation(exchange, { file, coding, contentType, commonLines })
    } finally {
      await Promise.all([plain.handle.close(), chosen?.file.handle.close()])
    }
  }

  #readPreference(exchange: Exchange): CodingPreference {
    const field = readField(exchange.request.fields, 'accept-encoding')
    return parseAcceptEncoding(this.#precompressed ? field : undefined)
  }

  async #findSibling(
    path: string,
    preference: CodingPreference,
  ): Promise<{ readonly file: StaticFile; readonly coding: string } | undefined> {
    for (const { name, extension } of preference.codings) {
      const file = await this.#folder.open(path + extension, `-${name}`)
      if (file.kind === 'file') return { file, coding: name }
    }
    return undefined
  }

  #fail(exchange: Exchange, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.#logger?.warn({ request: exchange.id, reason }, 'a static file could not be sent')
    answerError(exchange, 'INTERNAL')
  }
}

/** Passes on, unless the client disconnected during the lookup. */
function goOn(exchange: Exchange, next: Handler): void {
  if (!exchange.response.finished) next(exchange)
}

function isRead(exchange: Exchange): boolean {
  const { method } = exchange.request
  return method === 'GET' || method === 'HEAD'
}
