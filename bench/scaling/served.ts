import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { APPLICATIONS, ROOT } from '../environment/paths.ts'

/** A server with an application of the benchmarks. */
export interface Served extends AsyncDisposable {
  readonly url: string
  readonly pid: number
}

/** Starts `taipan serve` in the folder of the applications. */
export async function serve(
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Served> {
  const main = join(ROOT, 'dist/cli/main.js')
  const args = [main, 'serve', ...words, '-b', '127.0.0.1:0', '--no-access-log']
  const child = spawn(process.execPath, args, {
    cwd: APPLICATIONS,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await readUrl(child)
  return {
    url,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function readUrl(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no output')
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /^listening on (\S+)/.exec(line) ?? []
    if (url === undefined) continue
    child.stdout.resume()
    return url
  }
  throw new Error('the server has ended before it listened')
}
