import { trimOws } from '../../core/ows.ts'

/** Codings in which a file may lie beside the plain one, the better first. */
const CODINGS = [
  { name: 'br', extension: '.br' },
  { name: 'zstd', extension: '.zst' },
  { name: 'gzip', extension: '.gz' },
] as const

/** One of `CODINGS`. */
export type Coding = (typeof CODINGS)[number]

/** What a client takes: the codings it likes at least as much as the plain file, best first. */
export interface CodingPreference {
  readonly codings: readonly Coding[]
  /** False when the client refuses the plain file. */
  readonly identity: boolean
}

const PLAIN_ONLY: CodingPreference = { codings: [], identity: true }

/** Reads an Accept-Encoding field (RFC 9110, 12.5.3); undefined stands for its absence. */
export function parseAcceptEncoding(field: string | undefined): CodingPreference {
  if (field === undefined || trimOws(field) === '') return PLAIN_ONLY
  const weights = parseWeights(field)
  const rest = weights.get('*')
  // Without a word about it, the plain file is welcome but less than anything that was named.
  const identity = weights.get('identity') ?? (rest === 0 ? 0 : undefined)
  const rated = CODINGS.map((coding) => ({ coding, weight: weights.get(coding.name) ?? rest ?? 0 }))
    .filter(({ weight }) => weight > 0 && weight >= (identity ?? 0))
    .toSorted((a, b) => b.weight - a.weight)
  return { codings: rated.map(({ coding }) => coding), identity: identity !== 0 }
}

function parseWeights(field: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>()
  for (const item of field.split(',')) {
    const [name = '', ...parameters] = item.split(';')
    const coding = trimOws(name).toLowerCase()
    if (coding !== '') weights.set(coding === 'x-gzip' ? 'gzip' : coding, parseWeight(parameters))
  }
  return weights
}

/** A weight that is none counts as a refusal: the plain file is always right. */
function parseWeight(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [, weight] = /^[\t ]*q[\t ]*=[\t ]*(.*?)[\t ]*$/i.exec(parameter) ?? []
    if (weight !== undefined)
      return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 0
  }
  return 1
}
