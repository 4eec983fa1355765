import { answerError } from '../../core/answer-error.ts'
import type { Exchange, Handler } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'
import { decodePercent } from '../../wire/percent.ts'
import type { Invoke } from '../application.ts'
import { ChangedExchange } from '../changed-exchange.ts'
import { DivertedResponse } from '../diverted-response.ts'
import { KeptBody } from '../kept-body.ts'
import type { LocalRedirects } from '../local-redirect.ts'
import { forgetLooks } from '../looks.ts'
import type { RouteMatch } from '../route-path.ts'
import type { Answerer } from '../routes.ts'
import { FileFacts } from './file-facts.ts'
import { chooseInterpreter, type InterpreterMap } from './interpreter-map.ts'
import { carryFields, parsePassedHead, type PassedHead } from './passed-head.ts'
import { ScriptFolder } from './script-folder.ts'
import { PathTranslation, type TranslatedPath } from './translated-path.ts'

/** A folder whose requests are all for the handlers of a server of old. */
export interface LegacyFolderOptions {
  /** Absolute path. */
  readonly root: string
  /** What Python runs. */
  readonly kind: string
  /** Name of the application that runs it. */
  readonly application: string
  readonly invoke: Invoke
  readonly redirects: LocalRedirects
  /** Sends the files that handlers leave to the server. */
  readonly files: Answerer
  /** What is no file, either, goes to the next matching route instead of getting a 404. */
  readonly fallthrough: boolean
  /** Names the interpreter of a request; undefined: Python chooses it. */
  readonly choose?: InterpreterMap | undefined
  readonly logger: Pick<Logger, 'error'>
}

/** Bytes of a body that a handler may have read of a request that it passes on. */
const KEPT_BYTES = 1024 * 1024

/** Answers a route with such a folder. */
export function createLegacyFolderAnswerer(options: LegacyFolderOptions): Answerer {
  const { root, kind, application, invoke, choose, logger } = options
  const pass = createPassing(options)
  const paths = new PathTranslation(root)
  const facts = new FileFacts(root, kind)
  return (exchange, match, next) => {
    const rest = exchange.request.path.slice(match.restOffset)
    const found = paths.translate(rest)
    exchange.notes.answeredBy = application
    if (found === undefined) {
      answerError(exchange, 'NOT_FOUND')
      return
    }
    const run = (interpreter?: string) => {
      const script = facts.find(found.filename, interpreter)
      invoke(
        watch(exchange, options, (again, to) => pass(to, { exchange: again, match, next })),
        { application, ...divide(match, rest, found), script },
      )
    }
    if (choose === undefined) run()
    else chooseInterpreter(exchange, { choose, logger }, run)
  }
}

/** SCRIPT_NAME leads to the file. */
function divide(
  { scriptName }: RouteMatch,
  rest: string,
  { end }: TranslatedPath,
): { readonly scriptName: string; readonly pathInfo: string } {
  return {
    scriptName: scriptName + decodePercent(rest.slice(0, end)),
    pathInfo: decodePercent(rest.slice(end)),
  }
}

/** The exchange for a handler; `pass` gets it anew if the handler leaves it to the server. */
function watch(
  exchange: Exchange,
  { redirects, logger }: LegacyFolderOptions,
  pass: (exchange: Exchange, to: PassedHead) => void,
): Exchange {
  const { body } = exchange
  const kept = body.complete && body.length === 0 ? undefined : new KeptBody(body, KEPT_BYTES)
  const response = new DivertedResponse(exchange.response, (head) => {
    const to = parsePassedHead(head)
    if (to === undefined) {
      kept?.release()
      return redirects.divert(exchange, head)
    }
    return () => {
      const whole = kept === undefined ? body : kept.rewind()
      if (whole === undefined) {
        const text = `a handler has read more than ${KEPT_BYTES} bytes of a request, and then left it to the server`
        logger.error({ request: exchange.id }, text)
        answerError(exchange, 'APPLICATION_FAILED')
      } else pass(new ChangedExchange(exchange, { body: whole }), to)
    }
  })
  return new ChangedExchange(exchange, { response, ...(kept && { body: kept }) })
}

/** What a handler has left to the server. */
interface Passed {
  readonly exchange: Exchange
  readonly match: RouteMatch
  readonly next: Handler
}

/** Answers in place of a handler: by a file that may be sent, by the next route, or with 404. */
function createPassing({ root, files, fallthrough }: LegacyFolderOptions) {
  const folder = new ScriptFolder({
    root,
    kinds: new Map(),
    index: ['index.html'],
    extension: 'shown',
  })
  return (to: PassedHead, { exchange, match, next }: Passed): void => {
    // The handler may have made the file.
    forgetLooks()
    const { kind } = folder.find(exchange.request.path.slice(match.restOffset))
    if (to.to === 'next' || (fallthrough && kind === 'nothing')) {
      next(exchange)
      return
    }
    const carrying = carryFields(exchange, to)
    const leave: Handler = (other) =>
      next(new ChangedExchange(other, { response: exchange.response }))
    if (kind === 'file' || kind === 'directory') files(carrying, match, leave)
    else answerError(carrying, 'NOT_FOUND')
  }
}
