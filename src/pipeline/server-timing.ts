import type { Exchange, Handler } from '../core/exchange.ts'
import { FieldBlock } from '../core/field-block.ts'
import type { ResponseHead } from '../core/response-head.ts'
import { ChangedExchange } from './changed-exchange.ts'
import { DivertedResponse } from './diverted-response.ts'

/** Tells the developer tools of browsers how long responses took until their head was there (Server-Timing). */
export function withServerTiming(handler: Handler): Handler {
  return (exchange) => {
    const response = new DivertedResponse(exchange.response, (head) => addTiming(head, exchange))
    handler(new ChangedExchange(exchange, { response }))
  }
}

function addTiming(head: ResponseHead, { notes, startedAt }: Exchange): ResponseHead {
  const total = performance.now() - startedAt
  const parts = [`total;dur=${total.toFixed(1)}`]
  if (notes.worker !== '') {
    parts.unshift(`app;dur=${Math.max(0, total - notes.queued).toFixed(1)}`)
    parts.unshift(`queue;dur=${notes.queued.toFixed(1)}`)
  }
  const fields = new FieldBlock(`${head.fields.text}Server-Timing: ${parts.join(', ')}\r\n`)
  return { ...head, fields }
}
