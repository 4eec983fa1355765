import { answerError } from '../../core/answer-error.ts'
import { TaipanError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'
import type { Invoke } from '../application.ts'
import { within } from '../guard/within.ts'
import type { RouteMatch } from '../route-path.ts'
import type { Answerer } from '../routes.ts'
import type { Chooser, DispatchChoice } from './choosers.ts'

/** An application that may run in several groups. */
export interface DispatchOptions {
  readonly application: string
  readonly choose: Chooser
  /** Its own group. */
  readonly group: string
  /** The groups that have it. */
  readonly groups: ReadonlyMap<string, Invoke>
  /** Its sub-interpreter; empty for the main one. */
  readonly interpreter: string
  /** Longest time of a choice in ms. */
  readonly timeout: number
  readonly logger: Logger
}

/** What mod_wsgi calls the main interpreter. */
const GLOBAL = '%{GLOBAL}'

/** Answers a route with an application of the group that a function or a script chooses. */
export function createDispatchAnswerer(options: DispatchOptions): Answerer {
  return (exchange, match) => {
    exchange.notes.answeredBy = options.application
    void dispatch(exchange, match, options)
  }
}

async function dispatch(
  exchange: Exchange,
  match: RouteMatch,
  options: DispatchOptions,
): Promise<void> {
  const { application, choose, timeout } = options
  try {
    const choice = await within(timeout, choose({ exchange, match }), 'chosen')
    if (exchange.response.finished) return
    const { scriptName, pathInfo } = match
    const callable = choice.callableObject ?? undefined
    findGroup(choice, options)(exchange, { application, scriptName, pathInfo, callable })
  } catch (error) {
    if (exchange.response.finished) return
    refuse(exchange, error, options)
  }
}

function findGroup(
  { processGroup, applicationGroup }: DispatchChoice,
  options: DispatchOptions,
): Invoke {
  const { groups, group, interpreter } = options
  const found = groups.get(processGroup ?? group)
  if (found === undefined)
    throw new TaipanError(
      'APPLICATION_FAILED',
      `there is no process group ${JSON.stringify(processGroup)}; groups: ${[...groups.keys()].join(', ')}`,
    )
  const wanted = applicationGroup === GLOBAL ? '' : (applicationGroup ?? interpreter)
  if (wanted !== interpreter)
    throw new TaipanError(
      'APPLICATION_FAILED',
      `there is no application group ${JSON.stringify(wanted)}; the application has ${JSON.stringify(interpreter)}, by its option interpreter`,
    )
  return found
}

function refuse(
  exchange: Exchange,
  error: unknown,
  { application, logger }: DispatchOptions,
): void {
  const isBusy = error instanceof TaipanError && error.code === 'OVERLOADED'
  const reason = error instanceof Error ? error.message : String(error)
  logger[isBusy ? 'warn' : 'error'](
    { request: exchange.id, application, reason },
    `a request of application ${application} was not dispatched: ${reason}`,
  )
  answerError(exchange, isBusy ? 'OVERLOADED' : 'APPLICATION_FAILED')
}
