import type { Invocation } from '../../core/upstream.ts'
import { decodePercent } from '../../wire/percent.ts'
import type { FoundScript } from './script-folder.ts'

/** Where a script was found. */
export interface ScriptPlace {
  readonly application: string
  /** Of the route. */
  readonly scriptName: string
  /** The raw path below the route. */
  readonly rest: string
}

/** What is run for a script: SCRIPT_NAME leads to its file, PATH_INFO is what follows. */
export function createInvocation(
  { script, end, added }: FoundScript,
  { application, scriptName, rest }: ScriptPlace,
): Invocation {
  return {
    application,
    scriptName: scriptName + decodePercent(rest.slice(0, end)) + added,
    pathInfo: end === rest.length ? '' : decodePercent(rest.slice(end)),
    script,
  }
}
