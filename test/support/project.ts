import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A folder with files of a test. */
export interface Project extends Disposable {
  readonly folder: string
  path(name: string): string
  write(name: string, content: string): void
}

/** Writes files into a new folder, which is removed at the end. */
export function createProject(files: Readonly<Record<string, string>> = {}): Project {
  const folder = mkdtempSync(join(tmpdir(), 'taipan-project-'))
  const project: Project = {
    folder,
    path: (name) => join(folder, name),
    write: (name, content) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
  for (const [name, content] of Object.entries(files)) project.write(name, content)
  return project
}

/** A WSGI application that answers with a text. `{path}` and `{script}` are replaced by PATH_INFO and SCRIPT_NAME. */
export function helloApp(text: string): string {
  return `
def application(environ, start_response):
    text = ${JSON.stringify(text)}.format(path=environ["PATH_INFO"], script=environ["SCRIPT_NAME"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]
`
}
