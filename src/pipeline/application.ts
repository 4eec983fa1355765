import type { Handler } from '../core/exchange.ts'
import type { Upstream } from '../core/upstream.ts'
import type { Gatherer } from './gather.ts'
import type { Answerer } from './routes.ts'

/** An application and where it runs. */
export interface ApplicationOptions {
  readonly upstream: Upstream
  /** Name of the application in the configuration. */
  readonly application: string
  /** Shared by all applications, so that it limits the memory of all bodies in total. */
  readonly gatherer: Gatherer
}

/** Gives exchanges to an application after gathering their bodies. */
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

/** Answers a route with a JavaScript handler. */
export function createHandlerAnswerer(handler: Handler): Answerer {
  return (exchange) => {
    exchange.notes.answeredBy = 'handler'
    handler(exchange)
  }
}
