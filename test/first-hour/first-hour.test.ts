import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { ENGINES } from '../applications/support/engines.ts'
import type { Engine, Row } from './row.ts'
import { ASGI_ROWS } from './rows/asgi.ts'
import { DJANGO_ROWS } from './rows/django.ts'
import { FLASK_ROWS } from './rows/flask.ts'
import { HABITS } from './rows/habits.ts'
import { MISTAKES } from './rows/mistakes.ts'
import { SURROUNDINGS } from './rows/surroundings.ts'
import { WSGI_ROWS } from './rows/wsgi.ts'
import { runRow } from './run-row.ts'
import { createVisitor, type Visitor } from './visitor.ts'

const PARTS: Readonly<Record<string, readonly Row[]>> = {
  Flask: FLASK_ROWS,
  Django: DJANGO_ROWS,
  ASGI: ASGI_ROWS,
  WSGI: WSGI_ROWS,
  mistakes: MISTAKES,
  habits: HABITS,
  surroundings: SURROUNDINGS,
}

// `nobody`, namespaces and /proc are those of Linux.
const possible = process.platform === 'linux'

let visitor: Visitor | undefined

beforeAll(async () => {
  if (possible) visitor = await createVisitor()
})

afterAll(() => visitor?.[Symbol.dispose]())

test('the table is long enough to be a proof', () => {
  expect(Object.values(PARTS).flat().length).toBeGreaterThanOrEqual(60)
})

describe.skipIf(!possible).each(Object.entries(PARTS))('%s:', (_part, rows) => {
  test.concurrent.each(listStarts(rows))('%s', async (_name, row, engine) => {
    if (visitor !== undefined) await runRow(visitor, row, engine)
  })
})

/** A row for each engine in which it is to be tried. */
function listStarts(rows: readonly Row[]): (readonly [string, Row, Engine])[] {
  return rows.flatMap((row) =>
    (row.engines ?? ENGINES).map((engine) => [`${row.name} (${engine})`, row, engine] as const),
  )
}
