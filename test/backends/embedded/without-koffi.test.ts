import { expect, test, vi } from 'vitest'

import { checkEmbedding } from '../../../src/backends/embedded/embeddability.ts'
import { PYTHON } from '../../support/backend-lab.ts'

// As after `npm install --omit=optional`, or on a platform that koffi does not support.
vi.mock('koffi', () => {
  throw new Error('Cannot find the native part of koffi')
})

test('embedded mode needs koffi, and the message has a way out', async () => {
  const report = await checkEmbedding(PYTHON, { PATH: process.env['PATH'] ?? '/usr/bin:/bin' })
  expect(report.embeddable).toBe(false)
  expect(report.reason).toMatch(/npm install koffi.*--omit=optional.*-e daemon/)
})
