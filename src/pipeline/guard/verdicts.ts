import { TaipanError } from '../../core/errors.ts'

/** What `allow_access` may say; nothing is no objection. */
export function readAccess(answer: unknown, source: string): boolean {
  if (typeof answer === 'boolean') return answer
  if (answer === undefined || answer === null) return true
  throw createRefusal(source, 'must return true, false or nothing', answer)
}

/** The user that `check_password` lets in: the one that was asked for, or the one that it names; undefined for none. */
export function readPasswordVerdict(
  answer: unknown,
  user: string,
  source: string,
): string | undefined {
  if (answer === true) return user
  if (answer === false || answer === undefined || answer === null) return undefined
  if (typeof answer === 'string' && isUserName(answer)) return answer
  throw createRefusal(source, 'must return true, false, nothing or the name of a user', answer)
}

/** The names that `groups_for_user` gives. */
export function readGroups(answer: unknown, source: string): ReadonlySet<string> {
  const names: unknown[] = isIterable(answer) ? Array.from(answer) : [undefined]
  const groups = names.filter((name) => typeof name === 'string')
  if (groups.length === names.length) return new Set(groups)
  throw createRefusal(source, 'must return a list of texts', answer)
}

/** A text is no list, though it is iterable. */
function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}

function isUserName(text: string): boolean {
  return text !== '' && !/\p{Cc}/u.test(text)
}

/** The answer may hold secrets, so only its type is told. */
export function createRefusal(source: string, expected: string, answer: unknown): TaipanError {
  const type = Array.isArray(answer) ? 'list' : typeof answer
  return new TaipanError('APPLICATION_FAILED', `${source} ${expected}; it returned a ${type}`)
}
