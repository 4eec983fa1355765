import { TaipanError } from '../../core/errors.ts'
import type { RequestBody, RequestHead } from '../../core/exchange.ts'
import type { Upstream } from '../../core/upstream.ts'
import type { GuardedRequest } from './authority.ts'
import { withoutCredentials } from './credential-fields.ts'
import { askAbout } from './ask-about.ts'
import { withoutBodyFields } from './body-fields.ts'
import { AnswerSink } from './answer-sink.ts'

/** A script that answers questions about requests. */
export interface GuardScriptUpstream {
  readonly upstream: Upstream
  /** Name of its application. */
  readonly application: string
}

/**
 * Asks a script about a request. `question` is handed over as JSON, and so is the answer. Rejects if there is none:
 * with `OVERLOADED` if the script cannot be asked now, else with what has happened.
 */
export async function askScript(
  request: GuardedRequest,
  place: GuardScriptUpstream,
  question: object,
): Promise<unknown> {
  return JSON.parse(await exchangeText(request, place, question))
}

function exchangeText(
  { exchange, match }: GuardedRequest,
  { upstream, application }: GuardScriptUpstream,
  question: object,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const body = Buffer.from(JSON.stringify({ ...question, method: exchange.request.method }))
    const response = new AnswerSink(({ status, text, error }) => {
      asked.finish({ status, bytes: text.length, error })
      if (status === 200 && error === undefined) resolve(text)
      else reject(describeFailure(application, status, error))
    })
    const asked = askAbout(exchange, {
      // The answer to a HEAD would have no body.
      request: { ...exchange.request, method: 'POST', fields: selectFields(exchange.request) },
      body: createBody(body),
      response,
    })
    const { scriptName, pathInfo } = match
    upstream.run(asked, { application, scriptName, pathInfo })
  })
}

function describeFailure(
  application: string,
  status: number,
  error: Error | undefined,
): TaipanError {
  if (status === 503)
    return new TaipanError('OVERLOADED', `${application} could not be asked: ${status}`)
  const reason = error === undefined ? `it ended with ${status}` : error.message
  return new TaipanError('APPLICATION_FAILED', `${application} did not answer: ${reason}`)
}

function selectFields({ fields }: RequestHead): readonly string[] {
  return withoutBodyFields(withoutCredentials(fields))
}

/** A body that has arrived. */
function createBody(bytes: Uint8Array): RequestBody {
  let rest: Uint8Array | undefined = bytes
  return {
    length: bytes.length,
    complete: true,
    get buffered() {
      return rest?.length ?? 0
    },
    error: undefined,
    expectsContinue: false,
    onProgress: undefined,
    request: () => {},
    take(limit = Infinity) {
      const taken = rest?.subarray(0, limit)
      rest = rest !== undefined && rest.length > limit ? rest.subarray(limit) : undefined
      return taken
    },
  }
}
