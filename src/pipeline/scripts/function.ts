import { encodeLatin1 } from '../../wire/percent.ts'
import type { Invoke } from '../application.ts'
import type { LocalRedirects } from '../local-redirect.ts'
import type { Answerer } from '../routes.ts'

/** Answers a route with a function. */
export function createFunctionAnswerer({
  target,
  application,
  root,
  invoke,
  redirects,
}: {
  /** As `pkg.mod:attr` or `path/file.py:attr`. */
  readonly target: string
  /** Name of the application that calls it. */
  readonly application: string
  /** DOCUMENT_ROOT. */
  readonly root: string
  readonly invoke: Invoke
  readonly redirects: LocalRedirects
}): Answerer {
  // Python knows the file.
  const script = { filename: '', root: encodeLatin1(root), kind: encodeLatin1(target), version: '' }
  return (exchange, { scriptName, pathInfo }) => {
    exchange.notes.answeredBy = application
    invoke(redirects.watch(exchange), { application, scriptName, pathInfo, script })
  }
}
