import { trimOws } from '../core/ows.ts'

/** Content codings, best first, and the file names of what is precompressed by them. */
const CODINGS = [
  { name: 'br', extension: '.br' },
  { name: 'zstd', extension: '.zst' },
  { name: 'gzip', extension: '.gz' },
] as const

/** One of `CODINGS`. */
export type Coding = (typeof CODINGS)[number]

/** Codings that a client accepts: those it prefers to the plain file, or likes equally, best first. */
export interface CodingPreference {
  readonly codings: readonly Coding[]
  /** False when the client refuses the plain file. */
  readonly identity: boolean
}

const PLAIN_ONLY: CodingPreference = { codings: [], identity: true }

/** Parses an Accept-Encoding field (RFC 9110, 12.5.3); undefined when it is absent. */
export function parseAcceptEncoding(field: string | undefined): CodingPreference {
  if (field === undefined || trimOws(field) === '') return PLAIN_ONLY
  const weights = parseWeights(field)
  const rest = weights.get('*')
  // The plain file is acceptable unless excluded, but every named coding is preferred to it.
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

/** An invalid weight means a refusal, because the plain file is always correct. */
function parseWeight(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [, weight] = /^[\t ]*q[\t ]*=[\t ]*(.*?)[\t ]*$/i.exec(parameter) ?? []
    if (weight !== undefined)
      return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight) : 0
  }
  return 1
}
