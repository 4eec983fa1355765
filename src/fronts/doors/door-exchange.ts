import type { FrontServerFacts, RequestHead } from '../../core/exchange.ts'
import type { FieldPairs } from '../../core/field-block.ts'
import { CHUNKED } from '../../wire/http1/request-head.ts'
import type { CgiRequest } from '../../wire/cgi-request/request.ts'
import { BaseExchange, type ExchangeLink } from '../exchange/base-exchange.ts'
import type { BodyAnnouncement } from '../exchange/incoming-body.ts'
import type { DoorResponse } from './door-response.ts'

/** A request of a server in front. */
export class DoorExchange extends BaseExchange<RequestHead & BodyAnnouncement, DoorResponse> {
  readonly frontServer: FrontServerFacts
  readonly variables: FieldPairs

  /** `bodyLength` is undefined where only its end tells the length of the body. */
  constructor(
    link: ExchangeLink,
    { head, frontServer, variables }: CgiRequest,
    { response, bodyLength }: { response: DoorResponse; bodyLength: number | undefined },
  ) {
    super(link, announceBody(head, bodyLength), response)
    this.frontServer = frontServer
    this.variables = variables
  }

  /** The server in front keeps WebSockets for itself. */
  get webSocket(): undefined {
    return undefined
  }
}

function announceBody(
  head: RequestHead,
  length: number | undefined,
): RequestHead & BodyAnnouncement {
  if (length !== undefined) return { ...head, bodyLength: length, expectsContinue: false }
  // What answers knows such a body from HTTP/1.
  const fields = [...head.fields, 'transfer-encoding', 'chunked']
  return { ...head, fields, bodyLength: CHUNKED, expectsContinue: false }
}
