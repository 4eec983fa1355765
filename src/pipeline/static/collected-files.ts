import type { Backend, CollectedFiles, Findings } from '../../core/backend.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'
import type { RouteMatch } from '../route-path.ts'
import type { Answerer } from '../routes.ts'
import { createStaticAnswerer } from './static-files.ts'

/** An application and the files that it has collected. */
export interface CollectedFilesOptions {
  /** Name of the application in the configuration. */
  readonly application: string
  /** Its findings are another object when they have changed. */
  readonly backend: Pick<Backend, 'findings'>
  /** Answers what is no such file. */
  readonly answer: Answerer
  readonly logger: Logger
}

// As Django's ManifestStaticFilesStorage names them.
const HASHED_NAME = /\.[0-9a-f]{12}(?:\.[^./]+)?$/
const FOR_EVER = 'public, max-age=31536000, immutable'

/** Answers the files that an application has collected without asking it, and everything else by the application. */
export function createCollectedFilesAnswerer(options: CollectedFilesOptions): Answerer {
  const { application, backend, answer, logger } = options
  let known: Findings | undefined
  let folder: ServedFolder | undefined
  return (exchange, match, next) => {
    const { findings } = backend
    if (findings !== known) {
      known = findings
      const files = findings?.applications.find(({ name }) => name === application)?.staticFiles
      folder = files && new ServedFolder(files, logger)
    }
    const offset = folder === undefined ? -1 : folder.findRest(exchange.request.path, match)
    if (folder === undefined || offset === -1) answer(exchange, match, next)
    else folder.answer(exchange, offset, () => answer(exchange, match, next))
  }
}

class ServedFolder {
  readonly #url: string
  readonly #plain: Answerer
  readonly #immutable: Answerer | undefined

  constructor({ url, folder: root, hashed }: CollectedFiles, logger: Logger) {
    this.#url = url
    const common = { root, index: [], fallthrough: true, logger }
    this.#plain = createStaticAnswerer(common)
    if (hashed) this.#immutable = createStaticAnswerer({ ...common, cacheControl: FOR_EVER })
  }

  /** Index in the raw path where the path of a file begins, with its slash; -1 for other paths. */
  findRest(path: string, { restOffset }: RouteMatch): number {
    const absolute = this.#url.startsWith('/')
    const start = absolute ? 0 : restOffset + 1
    return path.startsWith(this.#url, start) ? start + this.#url.length - 1 : -1
  }

  answer(exchange: Exchange, restOffset: number, next: () => void): void {
    const { path } = exchange.request
    const match = { scriptName: path.slice(0, restOffset), pathInfo: '', restOffset }
    const isImmutable = HASHED_NAME.test(path)
    const answer = (isImmutable && this.#immutable) || this.#plain
    answer(exchange, match, next)
  }
}
