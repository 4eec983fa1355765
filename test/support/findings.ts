import type { ApplicationFinding } from '../../src/core/backend.ts'

/** What is found of an application that is served; `changes` say what is different. */
export function createFinding(
  name: string,
  changes: Partial<ApplicationFinding> = {},
): ApplicationFinding {
  return {
    name,
    interface: 'wsgi',
    found: '',
    failure: '',
    traceback: '',
    notes: [],
    staticFiles: undefined,
    leftOut: false,
    ...changes,
  }
}
