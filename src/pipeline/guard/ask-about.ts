import { TaipanError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { OwnExchange, type OwnExchangeParts } from '../../core/own-exchange.ts'

/** Makes an exchange about another one, which ends when the client of that leaves. */
export function askAbout(
  exchange: Exchange,
  parts: Omit<OwnExchangeParts, 'id' | 'sharesId' | 'connection'>,
): OwnExchange {
  const { id, sharesId, connection } = exchange
  const { response } = parts
  exchange.onFinish(() => {
    const reason = new TaipanError('CLIENT_DISCONNECTED', 'the request is over')
    if (!response.finished) response.abort(reason)
  })
  return new OwnExchange({ ...parts, id, sharesId, connection })
}
