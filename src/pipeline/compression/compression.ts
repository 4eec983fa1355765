import type { Handler } from '../../core/exchange.ts'
import { ChangedExchange } from '../changed-exchange.ts'
import { readField } from '../field-values.ts'
import { CompressedResponse } from './compressed-response.ts'
import { forbidsTransform } from './compressible.ts'
import { CompressorPlaces } from './compressor-places.ts'

/** Brotli takes up to half a MiB for each. */
const MOST_AT_ONCE = 1000

/** Compresses the responses of a handler that become smaller by it, if their clients accept that. */
export function withCompression(handler: Handler): Handler {
  const places = new CompressorPlaces(MOST_AT_ONCE)
  return (exchange) => {
    if (forbidsTransform(readField(exchange.request.fields, 'cache-control'))) handler(exchange)
    else
      handler(new ChangedExchange(exchange, { response: new CompressedResponse(exchange, places) }))
  }
}
