import { expect, test, vi } from 'vitest'

import { checkEmbedding } from '../../../src/backends/embedded/embeddability.ts'
import { PYTHON } from '../../support/backend-lab.ts'

// As it is after `npm install --omit=optional`, or where koffi has no part for the platform.
vi.mock('koffi', () => {
  throw new Error('Cannot find the native part of koffi')
})

test('embedded mode needs koffi, and says how to get along without', async () => {
  const report = await checkEmbedding(PYTHON, { PATH: process.env['PATH'] ?? '/usr/bin:/bin' })
  expect(report.embeddable).toBe(false)
  expect(report.reason).toMatch(/npm install koffi.*--omit=optional.*-e daemon/)
})
