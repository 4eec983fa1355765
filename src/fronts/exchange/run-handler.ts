import { answerError } from '../../core/answer-error.ts'
import type { Exchange, Handler } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'

/** Who answers, and who is told about failures. */
export interface HandlerRun {
  readonly handler: Handler
  readonly logger: Logger
}

/** Gives an exchange to the handler; a handler that throws, which is a bug, costs its own request. */
export function runHandler(exchange: Exchange, { handler, logger }: HandlerRun): void {
  try {
    handler(exchange)
  } catch (error) {
    noteHandlerFailure(exchange, error, logger)
  }
}

/** Logs why an exchange cannot be answered, and answers it with 500. */
export function noteHandlerFailure(exchange: Exchange, error: unknown, logger: Logger): void {
  logger.error({ request: exchange.id, error }, 'the handler of a request failed')
  answerError(exchange, 'INTERNAL')
}

/** Ends an exchange for its listeners; one that throws is a bug, too. */
export function settleExchange(
  exchange: { settle(error: Error | undefined): void },
  error: Error | undefined,
  logger: Logger,
): void {
  try {
    exchange.settle(error)
  } catch (failure) {
    logger.error({ error: failure }, 'a listener for the end of a request failed')
  }
}
