import { TaipanError } from '../../src/core/errors.ts'

/** The message of the `TaipanError` that a function throws; empty if it throws none. */
export function messageOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof TaipanError) return error.message
    throw error
  }
  return ''
}
