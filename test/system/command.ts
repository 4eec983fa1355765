import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { launchTaipan, type RunningTaipan } from '../support/cli.ts'

/** A new folder with the given files, removed at the end of the scope. */
export class Folder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  file(name: string): string {
    return join(this.path, name)
  }

  async write(name: string, text: string): Promise<void> {
    await mkdir(dirname(this.file(name)), { recursive: true })
    await writeFile(this.file(name), text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

export async function createFolder(files: Readonly<Record<string, string>> = {}): Promise<Folder> {
  const folder = new Folder(await mkdtemp(join(tmpdir(), 'taipan-processes-')))
  for (const [name, text] of Object.entries(files)) await folder.write(name, text)
  return folder
}

/** Launches `taipan serve` on a free port, without what the shell of the tests sets. */
export function serve(
  folder: Folder,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): RunningTaipan {
  const address = args.includes('-b') ? [] : ['-b', '127.0.0.1:0']
  return launchTaipan(['serve', ...args, ...address], {
    cwd: folder.path,
    env: { VIRTUAL_ENV: undefined, TAIPAN_BIND: undefined, ...env },
  })
}

/** An application whose body is Python source of `reply(environ)`. */
export function app(reply: string, before = ''): string {
  const lines = reply.split('\n').map((line) => `    ${line}`)
  return `import os, sys, threading, time, json
${before}

def reply(environ):
${lines.join('\n')}

def application(environ, start_response):
    body = reply(environ).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
`
}
