import { WebSocket } from 'ws'

import type { WebSocketClose } from '../../core/exchange.ts'

const NO_CODE = 1005

/** A WebSocket that reports a close or protocol error of the client before the connection is closed. */
export class FrontSocket extends WebSocket {
  /** Called after the last message; also for our own close. */
  onClosing: ((close: WebSocketClose) => void) | undefined

  // `ws` calls this to answer the client's close.
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason)
    this.onClosing?.({ code: code ?? NO_CODE, reason: reason?.toString() ?? '' })
  }
}
