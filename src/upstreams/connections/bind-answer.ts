import type { Exchange } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'
import type { UpstreamAddress } from '../gateway/upstream-address.ts'
import type { NamedFile } from '../responses/named-file.ts'
import type { AttemptOptions } from './connection-attempt.ts'
import type { LentConnection } from './lent-connection.ts'

/** What answers of an address may ask for. */
export interface AnswerOptions {
  readonly address: UpstreamAddress
  readonly logger: Logger
  /** Follows a redirect within the server; undefined: the client does. */
  readonly onLocalRedirect: ((exchange: Exchange, target: string) => void) | undefined
  /** Sends a file that an answer names; undefined: the client gets its name. */
  readonly onNamedFile: ((exchange: Exchange, file: NamedFile) => void) | undefined
}

/** The same for one exchange. */
export function bindAnswer(
  { address, logger, onLocalRedirect, onNamedFile }: AnswerOptions,
  exchange: Exchange,
): Pick<AttemptOptions<LentConnection>, 'onLocalRedirect' | 'onNamedFile' | 'onErrors'> {
  return {
    onLocalRedirect: onLocalRedirect && ((target) => onLocalRedirect(exchange, target)),
    onNamedFile: onNamedFile && ((file) => onNamedFile(exchange, file)),
    onErrors: (text) => logger.info({ request: exchange.id, upstream: address.url }, text),
  }
}
