import { answerError } from '../../core/answer-error.ts'
import type { Invoke } from '../application.ts'
import type { Answerer } from '../routes.ts'
import { sendRedirect } from '../send-redirect.ts'
import { createInvocation } from './invocation.ts'
import { ScriptFolder } from './script-folder.ts'

/** What runs the scripts, in the facts about them. */
const KIND = 'upstream'

/** A folder of scripts of another server. */
export interface SplitFolderOptions {
  /** Absolute path. */
  readonly root: string
  /** Files to answer for a folder, in order of preference. */
  readonly index: readonly string[]
  /** Extensions of scripts; empty: all files are. */
  readonly split: readonly string[]
  /** Of what answers, in the access log. */
  readonly name: string
  readonly invoke: Invoke
  /** Sends what is no script. */
  readonly files: Answerer
}

/** Answers a route with scripts that another server runs: existing ones only, because some run whatever a path names. */
export function createSplitFolderAnswerer(options: SplitFolderOptions): Answerer {
  const { root, index, split, name, invoke, files } = options
  const folder = new ScriptFolder({
    root,
    index,
    kinds: new Map(split.map((ending) => [ending, KIND])),
    extension: 'shown',
    otherKind: split.length === 0 ? KIND : undefined,
  })
  return (exchange, match, next) => {
    const { path } = exchange.request
    const rest = path.slice(match.restOffset)
    const found = folder.find(rest)
    exchange.notes.answeredBy = name
    // Relative links of the index start in its folder.
    const isFolder = found.kind === 'directory' || (rest === '' && found.kind === 'script')
    if (isFolder) sendRedirect(exchange, 301, `${path}/`)
    else if (found.kind === 'script') {
      const place = { application: name, scriptName: match.scriptName, rest }
      invoke(exchange, createInvocation(found, place))
    } else if (found.kind === 'file') files(exchange, match, next)
    else answerError(exchange, 'NOT_FOUND')
  }
}
