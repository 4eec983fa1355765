import type { Handler } from '../core/exchange.ts'
import type { Upstream } from '../core/upstream.ts'
import type { Gatherer } from './gather.ts'
import type { Answerer } from './routes.ts'

/** Which application answers, and where it runs. */
export interface ApplicationOptions {
  readonly upstream: Upstream
  /** Name of the application in the configuration. */
  readonly application: string
  /** One for all applications: it bounds the memory of all bodies together. */
  readonly gatherer: Gatherer
}

/** Hands exchanges to an application once their bodies have been gathered. */
export function createApplicationAnswerer(options: ApplicationOptions): Answerer {
  const { upstream, application, gatherer } = options
  return (exchange, { scriptName, pathInfo }) => {
    exchange.notes.answeredBy = application
    const invocation = { application, scriptName, pathInfo }
    const limit = exchange.body.complete ? 0 : upstream.gatheredBytes(invocation)
    if (limit === 0) upstream.run(exchange, invocation)
    else gatherer.gather({ exchange, invocation, upstream, limit })
  }
}

/** Lets a JavaScript handler answer a route. */
export function createHandlerAnswerer(handler: Handler): Answerer {
  return (exchange) => {
    exchange.notes.answeredBy = 'handler'
    handler(exchange)
  }
}
