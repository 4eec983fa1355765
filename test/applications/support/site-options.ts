import type { EngineUse } from './engines.ts'

/** How to start a site; `args` are the arguments of `taipan serve`. */
export interface SiteOptions {
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Default: the default of the command. */
  readonly use?: EngineUse | undefined
}

/** A site that the command serves. */
export interface Site {
  readonly url: string
  /** Resolves once the output has matched. */
  waitForOutput(pattern: RegExp): Promise<void>
  /** Stops the site gracefully and resolves with its output; rejects unless the exit code is 0. */
  stop(): Promise<string>
}
