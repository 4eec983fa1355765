import type { Backend } from '../core/backend.ts'
import type { Handler } from '../core/exchange.ts'
import type { Gatherer } from './gather.ts'
import type { Answerer } from './routes.ts'

/** Which application answers, and where it runs. */
export interface ApplicationOptions {
  readonly backend: Backend
  /** Name of the application in the configuration. */
  readonly application: string
  /** One for the whole pipeline: it bounds the memory of all bodies together. */
  readonly gatherer: Gatherer
}

/** Hands exchanges to an application once their bodies have been gathered. */
export function createApplicationAnswerer(options: ApplicationOptions): Answerer {
  const { backend, application, gatherer } = options
  return (exchange, { scriptName, pathInfo }) => {
    exchange.notes.answeredBy = application
    const invocation = { application, scriptName, pathInfo }
    if (exchange.body.complete || !backend.gathers(application)) backend.run(exchange, invocation)
    else gatherer.gather({ exchange, invocation, backend })
  }
}

/** Lets a JavaScript handler answer a route. */
export function createHandlerAnswerer(handler: Handler): Answerer {
  return (exchange) => {
    exchange.notes.answeredBy = 'handler'
    handler(exchange)
  }
}
