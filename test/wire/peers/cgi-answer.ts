import { CgiOutput, type CgiHead } from '../../../src/wire/cgi-response.ts'

/** A head and a body. */
export interface CgiAnswer extends CgiHead {
  readonly body: string
}

/** Parses the answer of a peer, one character per byte; `nph` is one with a status line. */
export function parseAnswer(text: string, { nph = false } = {}): CgiAnswer {
  const found = new CgiOutput({ nph }).take(Buffer.from(text, 'latin1'))
  if (found === undefined) throw new Error(`no head: ${JSON.stringify(text.slice(0, 200))}`)
  return { ...found.head, body: found.body.toString('latin1') }
}

/** The values of a field. */
export function listValues({ fields }: CgiAnswer, name: string): string[] {
  return fields.filter((_, index) => fields[index - 1]?.toLowerCase() === name)
}
