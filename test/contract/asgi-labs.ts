import type { BackendFactory, BackendLab, LabOptions } from '../support/backend-lab.ts'
import { labApplication, openLab, startLab } from '../support/backend-lab.ts'
import { fetchRaw, pollUntil } from '../support/raw-client.ts'

/** The application of most contract tests. */
export const ASGI_LAB = labApplication({ target: 'asgi_lab.py' })

/** How the tests of a backend get a lab with an ASGI application. */
export interface AsgiLabs {
  /** With a running backend. */
  readonly start: (options?: LabOptions) => Promise<BackendLab>
  /** With a backend that was not started. */
  readonly open: (options?: LabOptions) => Promise<BackendLab>
}

/** Labs with `asgi_lab.py`, or another application. */
export function createAsgiLabs(createBackend: BackendFactory): AsgiLabs {
  const withLab = (options: LabOptions = {}): LabOptions =>
    options.own === undefined ? { applications: [ASGI_LAB], ...options } : options
  return {
    start: (options) => startLab(createBackend, withLab(options)),
    open: (options) => openLab(createBackend, withLab(options)),
  }
}

/** The response text for a path. */
export async function fetchText(lab: BackendLab, target: string): Promise<string> {
  return (await fetchRaw(lab.url, target)).text
}

/** Waits until a path has this response. */
export async function waitForText(lab: BackendLab, target: string, text: string): Promise<void> {
  await pollUntil(
    async () => (await fetchText(lab, target)) === text || undefined,
    `${text} from ${target}`,
  )
}

/** Source of an application that answers with a text. */
export function asgiAnswer(text: string): string {
  return [
    'async def application(scope, receive, send):',
    '    assert scope["type"] == "http"',
    '    await send({"type": "http.response.start", "status": 200})',
    `    await send({"type": "http.response.body", "body": b"${text}"})`,
    '',
  ].join('\n')
}
