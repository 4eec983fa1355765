import type { EngineUse } from './engines.ts'

/** How to start a site: the words behind `taipan serve`. */
export interface SiteOptions {
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Without it, what the command takes by itself. */
  readonly use?: EngineUse | undefined
}

/** A site that the command serves, until it is stopped. */
export interface Site {
  readonly url: string
  /** Resolves once the output has matched. */
  waitForOutput(pattern: RegExp): Promise<void>
  /** Ends the site gracefully and resolves with all that it printed; any other end than exit code 0 rejects. */
  stop(): Promise<string>
}
