import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startTaipan, type RunningTaipan } from '../support/cli.ts'
import {
  fetchRaw,
  formatRequest,
  openRaw,
  type Bytes,
  type RawConnection,
  type RawResponse,
} from '../support/raw-client.ts'
import { CONNECTION } from './rows/connection.ts'
import { FIELDS } from './rows/fields.ts'
import { FRAMING } from './rows/framing.ts'
import { REQUEST_LINE } from './rows/request-line.ts'
import type { Row, Seen } from './rows/row.ts'

const APPS = fileURLToPath(new URL('../fixtures/apps', import.meta.url))
const TABLES = {
  framing: FRAMING,
  'request line': REQUEST_LINE,
  fields: FIELDS,
  connection: CONNECTION,
}

let taipan: RunningTaipan

beforeAll(async () => {
  // One thread: requests run in the order of their arrival, so `/seen` comes last.
  taipan = await startTaipan(
    ['hostile_recorder.py', '-b', '127.0.0.1:0', '-p', '1', '-t', '1', '--no-access-log'],
    { cwd: APPS },
  )
})

afterAll(async () => {
  await taipan.stop()
})

test('the tables have more than 200 requests, each with a unique name', () => {
  const names = Object.values(TABLES).flatMap((rows) => rows.map((row) => row.name))
  expect(names.length).toBeGreaterThan(200)
  expect(names.length).toBe(new Set(names).size)
})

describe.each(Object.entries(TABLES))('%s', (_table, rows) => {
  test.each(rows.map((row) => [row.name, row] as const))('%s', async (_name, row) => {
    await takeSeen()
    const responses = await play(row)
    checkAnswers(row, responses)
    const seen = (await takeSeen()).filter((one) => one.path !== '/probe')
    checkSeen(row, seen)
  })
})

async function play(row: Row): Promise<RawResponse[]> {
  using connection = await openRaw(taipan.url)
  await connection.sendPieces(toPieces(row.bytes), 1)
  if (row.leaving === 'leave' || row.leaving === 'reset') {
    if (row.leaving === 'leave') connection.destroy()
    else connection.reset()
    return []
  }
  if (row.leaving === 'half-close') connection.finishSending()
  if (row.eitherWay === true) return await readEitherWay(connection, row)
  const responses = row.closes
    ? (await connection.readUntilEnd(row.methods)).filter((response) => response.status >= 200)
    : await readAnswers(connection, row)
  if (!row.closes) await probe(connection)
  else if (row.bulky !== true)
    expect(connection.error, 'the connection ends in order').toBeUndefined()
  return responses
}

async function readAnswers(connection: RawConnection, row: Row): Promise<RawResponse[]> {
  const responses: RawResponse[] = []
  for (const [i] of row.answers.entries())
    responses.push(await connection.readFinalResponse(row.methods?.[i] ?? 'GET'))
  return responses
}

async function readEitherWay(connection: RawConnection, row: Row): Promise<RawResponse[]> {
  if (row.leaving === 'half-close') return await connection.readUntilEnd(row.methods)
  const responses = await readAnswers(connection, row)
  const final = responses.at(-1)
  if (final !== undefined && saysClose(final)) {
    expect(await connection.readUntilEnd(), 'nothing follows a closing answer').toEqual([])
  }
  return responses
}

async function probe(connection: RawConnection): Promise<void> {
  connection.send(formatRequest({ target: '/probe' }))
  const response = await connection.readFinalResponse()
  expect(response.status, 'the connection goes on').toBe(200)
  expect(response.text).toBe('seen')
}

function checkAnswers(row: Row, responses: readonly RawResponse[]): void {
  if (row.leaving === 'half-close' && row.eitherWay === true && responses.length === 0) return
  expect(
    responses.map((response) => response.status),
    'count of answers',
  ).toHaveLength(row.answers.length)
  for (const [i, statuses] of row.answers.entries()) {
    const response = responses[i]
    expect(statuses, `status of answer ${i + 1}: ${response?.text}`).toContain(response?.status)
    expect(response?.complete).toBe(true)
  }
  const final = responses.at(-1)
  if (final === undefined) return
  const refusal = final.status >= 400 && final.text !== 'no'
  if (refusal && row.closes) expect(saysClose(final), 'a refusal says Connection: close').toBe(true)
  if (!row.closes && row.eitherWay !== true) expect(saysClose(final)).toBe(false)
}

function checkSeen(row: Row, seen: readonly Seen[]): void {
  expect(
    seen.filter((one) => one.path.includes('smuggled') || one.headers['HTTP_HOST'] === 'smuggled'),
    'smuggled requests',
  ).toEqual([])
  expect(
    row.seen,
    `requests that the application saw: ${JSON.stringify(seen.map((one) => one.path))}`,
  ).toContain(seen.length)
  if (row.broken === true) {
    for (const one of seen)
      if (one.path === '/first') expect(one.length, 'a broken body has no end').toBeNull()
  }
  row.check?.(seen)
}

async function takeSeen(): Promise<Seen[]> {
  const response = await fetchRaw(taipan.url, '/seen')
  expect(response.status).toBe(200)
  const seen: Seen[] = JSON.parse(response.text)
  return seen
}

function toPieces(bytes: Row['bytes']): readonly Bytes[] {
  return typeof bytes === 'string' || bytes instanceof Uint8Array ? [bytes] : bytes
}

function saysClose(response: RawResponse): boolean {
  return response.headers('connection').some((value) => /(^|,)\s*close\s*($|,)/i.test(value))
}
