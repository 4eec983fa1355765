import type { Handler } from '../../core/exchange.ts'
import type { FieldPairs } from '../../core/field-block.ts'
import type { Logger } from '../../core/logger.ts'
import { UnaskedFields } from './unasked-fields.ts'

/** Tells once, where no proxy is trusted, that one seems to be there. */
export function noticeUnasked(handler: Handler, logger: Logger): Handler {
  const unasked = new UnaskedFields(logger)
  let seen: FieldPairs | undefined
  return (exchange) => {
    const { fields } = exchange.request
    // Requests that repeat the fields of the one before share them.
    if (!unasked.told && fields !== seen && exchange.frontServer === undefined) {
      seen = fields
      unasked.look(exchange)
    }
    handler(exchange)
  }
}
