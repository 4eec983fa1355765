import type { Exchange, Handler } from '../core/exchange.ts'
import type { Invocation, Upstream } from '../core/upstream.ts'
import type { Gatherer } from './gather.ts'
import type { Answerer } from './routes.ts'

/** Where an application runs. */
export interface InvokeOptions {
  readonly upstream: Upstream
  /** Shared by all applications, so that it limits the memory of all bodies in total. */
  readonly gatherer: Gatherer
}

/** An application and where it runs. */
export interface ApplicationOptions extends InvokeOptions {
  /** Name of the application in the configuration. */
  readonly application: string
}

/** Gives an exchange to an application after gathering its body. */
export type Invoke = (exchange: Exchange, invocation: Invocation) => void

/** Makes the way to the applications of an upstream. */
export function createInvoke({ upstream, gatherer }: InvokeOptions): Invoke {
  return (exchange, invocation) => {
    const limit = exchange.body.complete ? 0 : upstream.gatheredBytes(invocation)
    if (limit === 0) upstream.run(exchange, invocation)
    else gatherer.gather({ exchange, invocation, upstream, limit })
  }
}

/** Answers a route with an application. */
export function createApplicationAnswerer(options: ApplicationOptions): Answerer {
  const { application } = options
  const invoke = createInvoke(options)
  return (exchange, { scriptName, pathInfo }) => {
    exchange.notes.answeredBy = application
    invoke(exchange, { application, scriptName, pathInfo })
  }
}

/** Answers a route with a JavaScript handler. */
export function createHandlerAnswerer(handler: Handler): Answerer {
  return (exchange) => {
    exchange.notes.answeredBy = 'handler'
    handler(exchange)
  }
}
