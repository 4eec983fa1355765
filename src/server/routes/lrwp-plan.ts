import type { LrwpOptions } from '../../upstreams/lrwp/lrwp-agent.ts'

/** How programs register that answer requests; plain data. Durations in ms. */
export interface LrwpPlan extends Pick<
  LrwpOptions,
  'addresses' | 'allow' | 'balance' | 'connections' | 'queue'
> {
  /** By the names as they were given. */
  readonly passphrases: Readonly<Record<string, string>>
  /** Bytes of the longest response. */
  readonly response: number
  readonly timeouts: {
    /** 0: no limit. */
    readonly request: number
    readonly registration: number
  }
}
