import { execFileSync } from 'node:child_process'

import { expect, test } from 'vitest'

import { parseTimeFormat } from '../../src/pipeline/strftime.ts'
import { PYTHON } from '../support/backend-lab.ts'

const FORMAT = '%a %A %b %B %d %D %e %F %h %H %I %j %m %M %p %R %s %S %T %y %Y %z %%, no more'
/** Midnight, noon, morning and evening; days of one and two digits, the first and the last of a year. */
const TIMES = [
  new Date(2024, 1, 29, 0, 5, 9),
  new Date(2026, 0, 1, 12, 0, 0),
  new Date(2025, 11, 31, 23, 59, 59),
  new Date(2009, 6, 5, 9, 30, 1),
].map((date) => date.getTime())

test('times are those of the C library', () => {
  const code = `import time\nfor at in ${JSON.stringify(TIMES)}: print(time.strftime(${JSON.stringify(FORMAT)}, time.localtime(at // 1000)))`
  const env = { ...process.env, LC_ALL: 'C' }
  const theirs = execFileSync(PYTHON, ['-c', code], { encoding: 'utf8', env })
  const format = parseTimeFormat(FORMAT)
  expect(TIMES.map((at) => `${format(new Date(at))}\n`).join('')).toBe(theirs)
})

test.each(['%Q', '%', '%é'])('%s is refused with what there is', (format) => {
  const refuse = (): unknown => parseTimeFormat(`at ${format}`)
  expect(refuse).toThrow(`instead of "${format}"`)
  expect(refuse).toThrow('%H')
})
