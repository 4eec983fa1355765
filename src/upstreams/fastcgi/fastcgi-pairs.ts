import { dividePairs, formatPairs, type Pairs } from '../../wire/fastcgi/pairs.ts'
import { RECORD_CONTENT_LIMIT } from '../../wire/fastcgi/records.ts'
import { RepeatedHeads } from '../../wire/repeated-heads.ts'
import type { FilteredFile, GatewayRequest } from '../gateway/address-client.ts'
import {
  listCommonVariables,
  listTargetVariables,
  listVariables,
  type VariableSettings,
} from '../variables/list-variables.ts'

/** What an application does for a request (FastCGI 1.0, 6). */
export type FastCgiRole = 'responder' | 'authorizer' | 'filter'

/** Settings of an application. */
export interface FastCgiSettings extends VariableSettings {
  readonly role: FastCgiRole
}

/** The variables of requests in the form of PARAMS. */
export class FastCgiPairs {
  readonly role: FastCgiRole
  /** An authorizer has no input (FastCGI 1.0, 6.3). */
  readonly hasInput: boolean
  readonly #settings: FastCgiSettings
  readonly #heads: RepeatedHeads

  constructor(settings: FastCgiSettings) {
    this.role = settings.role
    this.hasInput = settings.role !== 'authorizer'
    this.#settings = settings
    this.#heads = new RepeatedHeads((exchange, invocation) =>
      formatPairs(listCommonVariables({ exchange, invocation }, settings)),
    )
  }

  /** The contents of records. */
  format(request: GatewayRequest): Buffer[] {
    const variables = listVariables(request, this.#settings)
    if (request.file !== undefined) variables.push(...describeFile(request.file))
    return dividePairs(this.hasInput ? variables : withoutUntold(variables), RECORD_CONTENT_LIMIT)
  }

  /** The content of one record in two parts, if the request differs from the last one of its client in the target only. */
  formatRepeated(request: GatewayRequest): readonly [Uint8Array, Uint8Array] | undefined {
    if (request.file !== undefined) return undefined
    const common = this.#heads.encode(request.exchange, request.invocation)
    if (common === undefined) return undefined
    const target = formatPairs(listTargetVariables(request, this.#settings))
    return common.length + target.length <= RECORD_CONTENT_LIMIT ? [common, target] : undefined
  }
}

/** What a filter is told of its file (FastCGI 1.0, 6.4). */
function describeFile({ body, modified }: FilteredFile): Pairs {
  return ['FCGI_DATA_LAST_MOD', String(modified), 'FCGI_DATA_LENGTH', String(body.length)]
}

// What an authorizer is not told (FastCGI 1.0, 6.3).
const UNTOLD = new Set(['CONTENT_LENGTH', 'PATH_INFO', 'PATH_TRANSLATED', 'SCRIPT_NAME'])

function withoutUntold(pairs: Pairs): Pairs {
  return pairs.filter((_, at) => !UNTOLD.has(pairs[at - (at % 2)] ?? ''))
}
