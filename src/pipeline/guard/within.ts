import { endsWithin } from '../../core/ends-within.ts'
import { TaipanError } from '../../core/errors.ts'

/** What `work` gives; rejects if that takes longer than `limit` ms, and says what was not `done`. */
export async function within<T>(limit: number, work: Promise<T>, done: string): Promise<T> {
  if (await endsWithin(work, limit)) return await work
  throw new TaipanError('APPLICATION_FAILED', `it was not ${done} within ${limit} ms`)
}
