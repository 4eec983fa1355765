import { answerError } from '../../core/answer-error.ts'
import { TaipanError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'
import type { Invoke } from '../application.ts'
import { within } from '../guard/within.ts'
import type { RouteMatch } from '../route-path.ts'
import type { Answerer } from '../routes.ts'
import type { Chooser, DispatchChoice } from './choosers.ts'

/** Where an application can run. */
export interface RunningPlace {
  /** Name of the group. */
  readonly group: string
  /** The sub-interpreter; empty for the main one. */
  readonly interpreter: string
  /** Name of the application there. */
  readonly application: string
  readonly invoke: Invoke
}

/** An application that may run in several groups and interpreters. */
export interface DispatchOptions {
  readonly application: string
  readonly choose: Chooser
  /** The first one is its own. */
  readonly places: readonly RunningPlace[]
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
  const { choose, timeout } = options
  try {
    const choice = await within(timeout, choose({ exchange, match }), 'chosen')
    if (exchange.response.finished) return
    const { scriptName, pathInfo } = match
    const callable = choice.callableObject ?? undefined
    const { invoke, application } = findPlace(choice, options)
    invoke(exchange, { application, scriptName, pathInfo, callable })
  } catch (error) {
    if (exchange.response.finished) return
    refuse(exchange, error, options)
  }
}

function findPlace(
  { processGroup, applicationGroup }: DispatchChoice,
  { places }: DispatchOptions,
): RunningPlace {
  const [own] = places
  const group = processGroup ?? own?.group
  const inGroup = places.filter((place) => place.group === group)
  if (inGroup.length === 0) {
    const names = [...new Set(places.map((place) => place.group))]
    throw new TaipanError(
      'APPLICATION_FAILED',
      `there is no process group ${JSON.stringify(group)}; groups: ${names.join(', ')}`,
    )
  }
  const wanted = applicationGroup === GLOBAL ? '' : (applicationGroup ?? own?.interpreter)
  const found = inGroup.find((place) => place.interpreter === wanted)
  if (found !== undefined) return found
  const known = inGroup.map((place) => JSON.stringify(place.interpreter))
  throw new TaipanError(
    'APPLICATION_FAILED',
    `there is no application group ${JSON.stringify(wanted)} for it in process group ${group}; it has ${known.join(', ')}, by the option interpreter of the applications there, if its interface is "wsgi"`,
  )
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
