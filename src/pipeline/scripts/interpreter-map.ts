import { answerError } from '../../core/answer-error.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Logger } from '../../core/logger.ts'
import { encodeLatin1 } from '../../wire/percent.ts'
import { describeRequest, type Awaitable, type GuardRequest } from '../guard/guard-request.ts'

/** Names the interpreter of a request: those with the same name share their modules. Empty: the main one. */
export type InterpreterMap = (request: GuardRequest) => Awaitable<string>

/** Gives the name of the interpreter of an exchange to `run`; answers with 500 if there is none. */
export function chooseInterpreter(
  exchange: Exchange,
  { choose, logger }: { readonly choose: InterpreterMap; readonly logger: Pick<Logger, 'error'> },
  run: (interpreter: string) => void,
): void {
  void ask(exchange, choose).then((answer) => {
    if (answer.name === undefined) fail(exchange, logger, answer.error)
    else if (!exchange.response.finished) run(encodeLatin1(answer.name))
    return undefined
  })
}

type Answer = { readonly name: string } | { readonly name: undefined; readonly error: unknown }

async function ask(exchange: Exchange, choose: InterpreterMap): Promise<Answer> {
  try {
    const name: unknown = await choose(describeRequest(exchange))
    if (typeof name === 'string') return { name }
    return { name: undefined, error: `it returned ${typeof name}, and has to return a text` }
  } catch (error) {
    return { name: undefined, error }
  }
}

function fail(exchange: Exchange, logger: Pick<Logger, 'error'>, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error)
  const traceback = error instanceof Error ? error.stack : undefined
  logger.error(
    { request: exchange.id, reason, ...(traceback !== undefined && { traceback }) },
    `interpreterMap has named no interpreter: ${reason}`,
  )
  answerError(exchange, 'APPLICATION_FAILED')
}
