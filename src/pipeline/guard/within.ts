import { TaipanError } from '../../core/errors.ts'

/** What `work` gives; rejects if that takes longer than `limit` ms, and says what was not `done`. */
export async function within<T>(limit: number, work: Promise<T>, done: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const reason = `it was not ${done} within ${limit} ms`
    timer = setTimeout(() => reject(new TaipanError('APPLICATION_FAILED', reason)), limit)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
