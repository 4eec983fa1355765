import { trimOws } from '../../core/ows.ts'

/** The elements of a list field, without the empty ones, which recipients ignore (RFC 9110, 5.6.1.2). */
export function splitList(value: string): string[] {
  return value
    .split(',')
    .map(trimOws)
    .filter((element) => element !== '')
}
