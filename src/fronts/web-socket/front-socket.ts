import { WebSocket } from 'ws'

import type { WebSocketClose } from '../../core/exchange.ts'

const NO_CODE = 1005

/** A WebSocket that tells when its client closes, or breaks the protocol, and not only when its connection is gone. */
export class FrontSocket extends WebSocket {
  /** Called behind the last message, and for our own close, too. */
  onClosing: ((close: WebSocketClose) => void) | undefined

  // `ws` answers the client's close by this.
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason)
    this.onClosing?.({ code: code ?? NO_CODE, reason: reason?.toString() ?? '' })
  }
}
