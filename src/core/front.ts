import type { Service } from './service.ts'

/** Receives requests and makes exchanges of them. */
export interface Front extends Service {
  /** Addresses for clients, `http://127.0.0.1:8000` or `unix:/path`; empty before `start`, and for a front that does not listen. */
  readonly urls: readonly string[]
  /** How many exchanges it has made since it was constructed. */
  readonly exchanges: number
  /** Some application may accept WebSockets: loads what the first one needs, in the background. */
  expectWebSockets(): void
  /** Running exchanges end within its deadline. Idle connections end after `idleGrace` ms, so that a last request can still be answered. */
  stop(idleGrace?: number): Promise<void>
}
