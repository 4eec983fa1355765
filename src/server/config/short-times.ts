import type { OptionTable } from '../option-types/option.ts'
import { TOP } from '../options/table.ts'
import { isRecord } from '../option-types/plain-object.ts'

const LEAST_MS = 1000

/** Warnings for time limits of a configuration file that are plain numbers below a second: mostly meant as seconds. */
export function warnOfShortTimes(
  values: Readonly<Record<string, unknown>>,
  file: string,
): string[] {
  return listShortTimes(TOP, values, '').map(
    ([path, ms]) =>
      `${path} in ${file}: ${ms} ms; did you mean "${ms}s"? Numbers are milliseconds; "${ms}ms" says so without this warning`,
  )
}

function listShortTimes(
  table: OptionTable,
  values: Readonly<Record<string, unknown>>,
  path: string,
): [string, number][] {
  return Object.entries(values).flatMap(([key, value]): [string, number][] => {
    const option = table[key]
    const name = `${path}${key}`
    if (option?.form === 'duration')
      return typeof value === 'number' && value > 0 && value < LEAST_MS ? [[name, value]] : []
    if (option?.table === undefined || !isRecord(value)) return []
    const { table: inner, holdsMany } = option
    const members = holdsMany === true ? Object.entries(value) : [['', value] as const]
    return members.flatMap(([member, one]) =>
      isRecord(one)
        ? listShortTimes(inner, one, member === '' ? `${name}.` : `${name}.${member}.`)
        : [],
    )
  })
}
