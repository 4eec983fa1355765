import type { Service } from './service.ts'

/** A way by which requests come in and become exchanges. */
export interface Front extends Service {
  /** Where clients reach it, `http://127.0.0.1:8000` or `unix:/path`; empty before `start`, and for one that does not listen. */
  readonly urls: readonly string[]
  /** Running exchanges end within its deadline. Idle connections end after `idleGrace` ms: so long they may still have a last request answered. */
  stop(idleGrace?: number): Promise<void>
}
