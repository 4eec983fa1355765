/** Environment and working directory of this process. */
export function readProcess(): {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cwd: string
} {
  return { environment: process.env, cwd: process.cwd() }
}
