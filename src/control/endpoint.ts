import type { ControlAnswer } from './answer.ts'
import type { Controlled } from './controlled.ts'

/** A JSON Schema, as in OpenAPI 3.1. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Something that can be asked or told at a path of the control server. */
export interface Endpoint {
  readonly path: string
  readonly method: 'GET' | 'POST'
  /** One sentence for people. */
  readonly summary: string
  /** Of the body of the request; absent: it has none. */
  readonly input?: JsonSchema
  /** Of the answers, by status. */
  readonly answers: Readonly<Record<number, AnswerFacts>>
  /** `input` is the JSON of the body, unchecked; undefined when there is none. */
  readonly run: (server: Controlled, input: unknown) => Promise<ControlAnswer>
}

/** What is known of an answer. */
export interface AnswerFacts {
  readonly description: string
  /** Absent: it is a text. */
  readonly schema?: JsonSchema
}
