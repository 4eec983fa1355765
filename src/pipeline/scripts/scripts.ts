import { answerError } from '../../core/answer-error.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Invoke } from '../application.ts'
import type { LocalRedirects } from '../local-redirect.ts'
import type { RouteMatch } from '../route-path.ts'
import type { Answerer } from '../routes.ts'
import { sendRedirect } from '../send-redirect.ts'
import { createInvocation } from './invocation.ts'
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

/** Answers a route with the scripts and files of a folder. */
export function createScriptsAnswerer(options: ScriptsOptions): Answerer {
  const folder = new ScriptFolder(options)
  const { files, fallthrough } = options
  return (exchange, match, next) => {
    const found = folder.find(exchange.request.path.slice(match.restOffset))
    if (found.kind === 'script') run(exchange, match, { found, options })
    else if (found.kind === 'file') files(exchange, match, next)
    else if (found.kind === 'directory' && !(fallthrough && isEmpty(folder, exchange, match)))
      redirect(exchange, 301, `${exchange.request.path}/`)
    else if (found.kind === 'moved') redirectToShort(exchange, match.restOffset, found)
    else if (fallthrough && found.kind !== 'refused') next(exchange)
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
  const place = { application: options.application, scriptName: match.scriptName, rest }
  invoke(isProgram ? exchange : options.redirects.watch(exchange), createInvocation(found, place))
}

/** Whether a folder has no index, so that it may be a page of another route. */
function isEmpty(folder: ScriptFolder, { request }: Exchange, match: RouteMatch): boolean {
  return folder.find(`${request.path.slice(match.restOffset)}/`).kind === 'nothing'
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

function redirect(exchange: Exchange, status: 301 | 308, path: string): void {
  exchange.notes.answeredBy = 'scripts'
  sendRedirect(exchange, status, path)
}
