import type { ApplicationFinding, CollectedFiles, Findings } from '../../core/backend.ts'
import type { MessageFromWorker } from './control-channel.ts'
import { textOf } from './control-channel.ts'

/** Parses the findings in the message that a worker is ready. */
export function parseFindings(message: MessageFromWorker): Findings {
  const { applications } = message
  return {
    python: textOf(message, 'python'),
    loop: textOf(message, 'loop') || undefined,
    applications: Array.isArray(applications) ? applications.map(parseFinding) : [],
  }
}

/** The findings after a change of one application. */
export function updateFindings(findings: Findings, message: MessageFromWorker): Findings {
  const changed = parseFinding(message)
  const applications = findings.applications.map((one) =>
    one.name === changed.name ? changed : one,
  )
  return { ...findings, applications }
}

function parseFinding(value: unknown): ApplicationFinding {
  const read = (key: string): string => {
    const text = readMember(value, key)
    return typeof text === 'string' ? text : ''
  }
  return {
    name: read('name'),
    interface: read('interface'),
    found: read('found'),
    failure: read('failure'),
    traceback: read('traceback'),
    notes: parseTexts(readMember(value, 'notes')),
    staticFiles: parseFiles(readMember(value, 'staticFiles')),
    leftOut: readMember(value, 'leftOut') === true,
  }
}

function parseTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

function parseFiles(value: unknown): CollectedFiles | undefined {
  const url = readMember(value, 'url')
  const folder = readMember(value, 'folder')
  if (typeof url !== 'string' || typeof folder !== 'string') return undefined
  return { url, folder, hashed: readMember(value, 'hashed') === true }
}

function readMember(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}
