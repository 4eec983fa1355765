import type { ResponseHead } from '../../core/response-head.ts'
import { Http2Response } from './http2-response.ts'

const FORBIDDEN = 403

/** The response that denies a WebSocket. One of success would say that it is open, and its body would be taken for frames (RFC 9110, 9.3.6). */
export class HandshakeResponse extends Http2Response {
  override send(head: ResponseHead, body: Uint8Array | string): void {
    super.send(deny(head), body)
  }

  override begin(head: ResponseHead): void {
    super.begin(deny(head))
  }
}

function deny(head: ResponseHead): ResponseHead {
  return head.status >= 200 && head.status < 300 ? { ...head, status: FORBIDDEN } : head
}
