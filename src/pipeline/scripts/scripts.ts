import { answerError } from '../../core/answer-error.ts'
import { createResponseHead } from '../../core/response-head.ts'
import type { Exchange } from '../../core/exchange.ts'
import { decodePercent } from '../../wire/percent.ts'
import type { Invoke } from '../application.ts'
import type { LocalRedirects } from '../local-redirect.ts'
import type { Answerer, RouteMatch } from '../routes.ts'
import { ScriptFolder, type FoundScript, type ScriptFolderOptions } from './script-folder.ts'

/** A folder of scripts, and what answers its files. */
export interface ScriptsOptions extends ScriptFolderOptions {
  /** Name of the application that runs the scripts. */
  readonly application: string
  readonly invoke: Invoke
  /** Runs the files of kind `cgi`. */
  readonly invokeProgram: Invoke
  /** Redirects of scripts within the server. */
  readonly redirects: LocalRedirects
  /** Serves what is no script. */
  readonly files: Answerer
  /** Pass requests that name nothing to the next matching route instead of answering 404. */
  readonly fallthrough: boolean
}

const NOTHING = new Uint8Array(0)

/** Answers a route with the scripts and files of a folder. */
export function createScriptsAnswerer(options: ScriptsOptions): Answerer {
  const folder = new ScriptFolder(options)
  const { files, fallthrough } = options
  return (exchange, match, next) => {
    const found = folder.find(exchange.request.path.slice(match.restOffset))
    if (found.kind === 'script') run(exchange, match, { found, options })
    else if (found.kind === 'file') files(exchange, match, next)
    else if (found.kind === 'directory') redirect(exchange, 301, `${exchange.request.path}/`)
    else if (found.kind === 'moved') redirectToShort(exchange, match.restOffset, found)
    else if (found.kind === 'nothing' && fallthrough) next(exchange)
    else refuse(exchange)
  }
}

function run(
  exchange: Exchange,
  match: RouteMatch,
  { found, options }: { readonly found: FoundScript; readonly options: ScriptsOptions },
): void {
  const rest = exchange.request.path.slice(match.restOffset)
  const isProgram = found.script.kind === 'cgi'
  exchange.notes.answeredBy = isProgram ? 'cgi' : options.application
  const invoke = isProgram ? options.invokeProgram : options.invoke
  invoke(isProgram ? exchange : options.redirects.watch(exchange), {
    application: options.application,
    scriptName: match.scriptName + decodePercent(rest.slice(0, found.end)) + found.added,
    pathInfo: found.end === rest.length ? '' : decodePercent(rest.slice(found.end)),
    script: found.script,
  })
}

function refuse(exchange: Exchange): void {
  exchange.notes.answeredBy = 'scripts'
  answerError(exchange, 'NOT_FOUND')
}

function redirectToShort(
  exchange: Exchange,
  offset: number,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  const { path } = exchange.request
  // The extension may have been sent percent-encoded.
  if (path[offset + from] !== '.') refuse(exchange)
  else redirect(exchange, 308, path.slice(0, offset + from) + path.slice(offset + to))
}

function redirect(exchange: Exchange, status: number, path: string): void {
  const { query } = exchange.request
  exchange.notes.answeredBy = 'scripts'
  const location = query === '' ? path : `${path}?${query}`
  const head = createResponseHead(status, ['Location', location, 'Content-Length', '0'])
  exchange.response.send(head, NOTHING)
}
