import { dividePairs, formatPairs, type Pairs } from '../../wire/fastcgi/pairs.ts'
import { RECORD_CONTENT_LIMIT } from '../../wire/fastcgi/records.ts'
import { RepeatedHeads } from '../../wire/repeated-heads.ts'
import type { GatewayRequest } from '../gateway/address-client.ts'
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
      formatPairs(this.#select(listCommonVariables({ exchange, invocation }, settings))),
    )
  }

  /** The contents of records. */
  format(request: GatewayRequest): Buffer[] {
    const variables = this.#select(listVariables(request, this.#settings))
    return dividePairs([...variables, ...this.#describeFile(request)], RECORD_CONTENT_LIMIT)
  }

  /** The content of one record in two parts, if the request differs from the last one of its client in the target only. */
  formatRepeated(request: GatewayRequest): readonly [Uint8Array, Uint8Array] | undefined {
    const common = this.#heads.encode(request.exchange, request.invocation)
    if (common === undefined) return undefined
    const variables = listTargetVariables(request, this.#settings)
    const target = formatPairs([...variables, ...this.#describeFile(request)])
    return common.length + target.length <= RECORD_CONTENT_LIMIT ? [common, target] : undefined
  }

  /** What the role is told of these. */
  #select(pairs: Pairs): Pairs {
    const untold = UNTOLD[this.role]
    if (untold.size === 0) return pairs
    return pairs.filter((_, at) => !untold.has(pairs[at - (at % 2)] ?? ''))
  }

  /** What a filter is told of its file (FastCGI 1.0, 6.4); a health check has none. */
  #describeFile({ file }: GatewayRequest): Pairs {
    if (this.role !== 'filter') return []
    const { length = 0, modified = 0 } = file ?? {}
    return ['FCGI_DATA_LAST_MOD', String(modified), 'FCGI_DATA_LENGTH', String(length)]
  }
}

/** Variables that a role is not told, whoever has set them. */
const UNTOLD: Readonly<Record<FastCgiRole, ReadonlySet<string>>> = {
  responder: new Set(),
  // FastCGI 1.0, 6.3.
  authorizer: new Set(['CONTENT_LENGTH', 'PATH_INFO', 'PATH_TRANSLATED', 'SCRIPT_NAME']),
  // They are said of its own file.
  filter: new Set(['FCGI_DATA_LAST_MOD', 'FCGI_DATA_LENGTH']),
}
