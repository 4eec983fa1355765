import type { ResponseSink } from '../../core/exchange.ts'
import type { ResponseHead } from '../../core/response-head.ts'

/** Takes a response of which only the status is wanted. */
export class StatusSink implements ResponseSink {
  readonly pending = 0
  onDrain: (() => void) | undefined
  /** 0 before the response has begun, and after it was aborted. */
  status = 0
  finished = false

  get begun(): boolean {
    return this.status !== 0
  }

  send({ status }: ResponseHead): void {
    if (this.finished) return
    this.status = status
    this.finished = true
  }

  begin({ status }: ResponseHead): void {
    if (!this.finished) this.status = status
  }

  inform(): void {}

  write(): boolean {
    return true
  }

  end(): void {
    this.finished = true
  }

  abort(): void {
    this.status = 0
    this.finished = true
  }
}
