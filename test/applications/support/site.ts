import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT, startTaipan } from '../../support/cli.ts'
import { formatEngine, type EngineUse } from './engines.ts'
import { startReference } from './reference.ts'

/** Where the sample sites are. */
export const SITES = join(ROOT, 'test/fixtures/sites')

/** The Python that has the frameworks installed. */
export const PYTHON = process.env['TAIPAN_TEST_PYTHON'] ?? join(ROOT, '.venv-test/bin/python')

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

/** Serves a site by the command of this package and resolves when it listens. */
export async function startSite({ args, use, ...options }: SiteOptions): Promise<Site> {
  if (!existsSync(PYTHON)) throw new Error(`${PYTHON} is missing: run npm test once`)
  if (process.env['TAIPAN_TEST_REFERENCE'] === '1')
    return await startReference(PYTHON, { args, ...options })
  const engine = use === undefined ? [] : formatEngine(use)
  const command = await startTaipan(
    [...args, ...engine, '--bind', '127.0.0.1:0', '--python', PYTHON],
    options,
  )
  return {
    url: command.url,
    waitForOutput: async (pattern) => await command.waitForOutput(pattern),
    stop: async () => {
      const { exitCode, output } = await command.stop()
      if (exitCode !== 0) throw new Error(`exit code ${exitCode ?? 'by a signal'}:\n${output}`)
      return output
    },
  }
}
