import type { Application } from '../../core/application.ts'
import type { ApplicationFinding } from '../../core/backend.ts'
import type { ErrorCode } from '../../core/errors.ts'
import { TaipanError } from '../../core/errors.ts'

const MOST_NAMED = 5

/** Why a worker never became ready. */
export interface LoadFailure {
  readonly code: ErrorCode
  /** Name of the application; undefined when the process ended before it said anything. */
  readonly application: string | undefined
  /** What could not be loaded, for people, when nobody can tell which application it was. */
  readonly subject?: string
  readonly summary: string
  /** Python's traceback, or what was printed last; may be empty. */
  readonly traceback: string
}

/** Why a worker could not be started at all, from what that threw. */
export function startFailure(error: unknown): LoadFailure {
  const known = error instanceof TaipanError
  return {
    code: known ? error.code : 'INTERNAL',
    application: undefined,
    summary: error instanceof Error ? error.message : String(error),
    traceback: error instanceof Error && typeof error.cause === 'string' ? error.cause : '',
  }
}

/** Why an application of a worker that serves others is not served; undefined when it is. */
export function findingFailure(finding: ApplicationFinding): LoadFailure | undefined {
  const { name: application, failure: summary, traceback } = finding
  if (summary === '') return undefined
  return { code: 'APPLICATION_LOAD', application, summary, traceback }
}

/** The failure as an error; the traceback is its `cause`. */
export function loadError(failure: LoadFailure): TaipanError {
  const { code, summary, traceback } = failure
  return new TaipanError(code, describeFailure(failure), { cause: traceback || summary })
}

/** One line for people. */
export function describeFailure(failure: LoadFailure): string {
  const { code, application, subject = 'the application', summary } = failure
  if (code !== 'APPLICATION_LOAD') return summary
  return `${application === undefined ? subject : `application ${application}`} could not be loaded: ${summary}`
}

/** Names applications and what they are loaded from: `application shop (shop.wsgi)`. */
export function describeApplications(applications: readonly Application[]): string {
  const names = applications.slice(0, MOST_NAMED).map(describeApplication)
  const others = applications.length - names.length
  if (names.length === 1) return `application ${names.join()}`
  const rest = others > 0 ? ` and ${others} more` : ''
  return `one of the applications ${names.join(', ')}${rest}`
}

function describeApplication(application: Application): string {
  const { name } = application
  return application.kind === 'target'
    ? `${name} (${application.target})`
    : `${name} (${application.appFilename} in ${application.appDirectory})`
}
