import type { Admit } from '../guarded-places.ts'
import type { Answerer } from '../routes.ts'

/** Puts a guard before an answerer. */
export function guardAnswerer(answer: Answerer, admit: Admit): Answerer {
  return (exchange, match, next) =>
    admit(exchange, match, (admitted) => answer(admitted, match, next))
}
