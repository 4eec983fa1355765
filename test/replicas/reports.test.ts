import { expect, test } from 'vitest'

import type { LogFields } from '../../src/core/logger.ts'
import { parseReports, writeReport, type Report } from '../../src/replicas/reports.ts'

test('lines that the application has written to the descriptor are passed over', () => {
  const lines = '{"text":"one"}\nhello\n7\nnull\n{"type":"loading"}\n\n{"text'
  expect(parseReports(lines)).toEqual([{ text: 'one' }, { type: 'loading' }])
})

function write(report: Report): [fields: LogFields, message: string][] {
  const records: [LogFields, string][] = []
  const ignore = (): void => {}
  const warn = (fields: LogFields, message: string): void => void records.push([fields, message])
  writeReport(report, 'web/7', { debug: ignore, output: ignore, info: ignore, warn, error: ignore })
  return records
}

test('a report is logged with the worker, and with the request and the stack if it has them', () => {
  const facts = { request: 'r1', application: 'shop', age: 70 }
  const worker = 'web/7'
  expect(write({ text: 'too long', traceback: 'stack', ...facts })).toEqual([
    [{ ...facts, worker, traceback: 'stack' }, 'too long'],
  ])
  expect(write({ text: 'held', traceback: '', application: 'shop', age: 70 })).toEqual([
    [{ age: 70, worker }, 'held'],
  ])
})

test('what has no text is not logged', () => {
  expect(write({ type: 'loading', group: 'web' })).toEqual([])
})
