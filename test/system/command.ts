import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { pollUntil } from '../support/raw-client.ts'
import { DEADLINE } from '../support/deadlines.ts'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** How a command ended. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The command as a user runs it, with its signals controlled by the test. */
export class Command {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  ending: Ending | undefined

  constructor(
    args: readonly string[],
    options: { cwd: string; env?: Record<string, string | undefined> },
  ) {
    const env: NodeJS.ProcessEnv = { ...process.env, ...options.env }
    for (const name of ['VIRTUAL_ENV', 'TAIPAN_BIND'])
      if (options.env?.[name] === undefined) delete env[name]
    this.child = spawn(MAIN, args, {
      cwd: options.cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.child.on('close', (code, signal) => {
      this.ending = { code, signal }
    })
  }

  get output(): string {
    return this.stdout + this.stderr
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  /** The announced URL. */
  async url(): Promise<string> {
    return await pollUntil(() => {
      if (this.ending !== undefined)
        throw new Error(`ended with ${JSON.stringify(this.ending)}:\n${this.output}`)
      return /^(?:.*"msg":")?listening on (http:\/\/[^\s"]+)/m.exec(this.output)?.[1]
    }, 'the ready line')
  }

  async waitForOutput(pattern: RegExp, from = 0): Promise<string> {
    return await pollUntil(
      () => pattern.exec(this.output.slice(from))?.[0],
      `${String(pattern)} in the output`,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; output:\n${this.output}`)
    })
  }

  async waitForEnd(deadline = DEADLINE): Promise<Ending> {
    return await pollUntil(() => this.ending, 'the command to end', { deadline }).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}; output:\n${this.output}`)
      },
    )
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.ending === undefined) this.child.kill('SIGTERM')
    await this.waitForEnd().catch(() => this.child.kill('SIGKILL'))
  }
}

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

/** `taipan serve` on a free port. */
export function serve(
  folder: Folder,
  args: readonly string[],
  env?: Record<string, string | undefined>,
): Command {
  return new Command(['serve', ...args, ...(args.includes('-b') ? [] : ['-b', '127.0.0.1:0'])], {
    cwd: folder.path,
    ...(env && { env }),
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
