import { answerError } from '../../core/answer-error.ts'
import type { Invoke } from '../application.ts'
import type { Answerer } from '../routes.ts'
import { createInvocation } from './invocation.ts'
import { ScriptFolder } from './script-folder.ts'

/** Name of what answers, in the access log. */
const CGI = 'cgi'

/** Answers a route with the CGI programs of a folder: every file of it is one. */
export function createProgramsAnswerer({
  root,
  invoke,
}: {
  readonly root: string
  readonly invoke: Invoke
}): Answerer {
  const folder = new ScriptFolder({
    root,
    kinds: new Map(),
    otherKind: CGI,
    index: [],
    extension: 'shown',
  })
  return (exchange, match) => {
    const rest = exchange.request.path.slice(match.restOffset)
    const found = folder.find(rest)
    exchange.notes.answeredBy = CGI
    if (found.kind !== 'script') {
      answerError(exchange, 'NOT_FOUND')
      return
    }
    const { scriptName } = match
    invoke(exchange, createInvocation(found, { application: CGI, scriptName, rest }))
  }
}
