import * as v from 'valibot'
import { expect, test } from 'vitest'
import {
  createGroupTable,
  resolveGroupValues,
  selectGroupValues,
  selectWorkerOptions,
} from '../../../src/server/options/group-options.ts'
import { duration, integer, text } from '../../../src/server/option-types/kinds.ts'
import {
  createSection,
  option,
  optional,
  type FullOptions,
  type OptionTable,
} from '../../../src/server/option-types/option.ts'

function readOptions<T extends OptionTable>(table: T, given: unknown): FullOptions<T> {
  return v.parse(createSection(table), given)
}

const WAITS = {
  start: option(duration, '1s', { description: 'A.', perGroup: true, toWorker: 'startWait' }),
  client: option(duration, '2s', { description: 'B.' }),
}
const QUIET = { loud: option(integer(0), 0, { description: 'C.' }) }
const TABLE = {
  niceness: option(integer(0), 5, { description: 'D.', perGroup: true, toWorker: 'niceness' }),
  chroot: optional(text, { description: 'E.', perGroup: true, anchor: 'path' }),
  title: option(text, 'x', { description: 'F.' }),
  waits: option(createSection(WAITS), {}, { description: 'G.', table: WAITS }),
  quiet: option(createSection(QUIET), {}, { description: 'H.', table: QUIET }),
}
const GROUP = createGroupTable(TABLE)
const general = readOptions(TABLE, {})

test('a group has the options that are perGroup, also inside others, and no others', () => {
  expect(Object.keys(GROUP)).toEqual(['niceness', 'chroot', 'waits'])
  expect(readOptions(GROUP, { waits: { start: '3s' } })).toEqual({ waits: { start: 3000 } })
  expect(v.safeParse(createSection(GROUP), { title: 'y' }).issues).toHaveLength(1)
  expect(v.safeParse(createSection(GROUP), { waits: { client: 1 } }).issues).toHaveLength(1)
})

test('its options are anchored, have a description and no flag', () => {
  expect(GROUP.chroot).toMatchObject({ anchor: 'path', description: 'Overrides `chroot`.' })
  const inner = Object.entries(GROUP.waits.table ?? {})
  expect(inner.map(([key, { description }]) => [key, description])).toEqual([
    ['start', 'Overrides `waits.start`.'],
  ])
})

test('options that a group does not set have the general value', () => {
  const own = readOptions(GROUP, { niceness: 0, waits: {} })
  const values = resolveGroupValues(TABLE, general, own)
  expect(values).toEqual({ niceness: 0, chroot: undefined, waits: { start: 1000 } })
  for (const none of [readOptions(GROUP, {}), {}])
    expect(resolveGroupValues(TABLE, general, none)).toEqual({
      niceness: 5,
      chroot: undefined,
      waits: { start: 1000 },
    })
})

test('of unchecked values those that are perGroup are selected', () => {
  const values = { title: 'y', niceness: 'many', waits: { start: 1, client: 2 }, quiet: {} }
  expect(selectGroupValues(TABLE, values)).toEqual({ niceness: 'many', waits: { start: 1 } })
})

test('workers get the options by the keys of the rows', () => {
  const group = { niceness: 7, title: 'y', waits: { start: 9 } }
  expect(selectWorkerOptions(TABLE, group)).toEqual({ niceness: 7, startWait: 9 })
})
