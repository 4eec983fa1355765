import { spawn, type ChildProcess } from 'node:child_process'

// Reads `+PID`, `-PID` and paths of folders; at the end of its input it ends those process groups, and removes the sockets
// in the folders. Signals that are meant for this process must not end it before.
const SCRIPT = `
trap '' HUP INT QUIT TERM
groups=' '
while read -r line; do
  case $line in
    +*) groups="$groups\${line#+} " ;;
    -*) id=\${line#-}
      case $groups in *" $id "*) groups="\${groups%%" $id "*} \${groups#*" $id "}" ;; esac ;;
    /*) set -- "$@" "$line" ;;
  esac
done
end() { for id in $groups; do kill -s "$1" -- "-$id" 2>/dev/null; done; }
if [ "$groups" != ' ' ]; then
  end TERM
  sleep 1
  end KILL
fi
for folder; do
  rm -f -- "$folder"/*.sock
  rmdir -- "$folder" 2>/dev/null
done
`

const RESTART_MS = 1000

/**
 * Ends programs when this process is gone, however it went. Programs that know nothing of it are not told by the system, so a
 * shell waits for the end of a pipe.
 */
export class OrphanGuard {
  readonly #groups = new Set<number>()
  #folder: string | undefined
  #shell: ChildProcess | undefined
  #restart: NodeJS.Timeout | undefined

  /** The process group of `pid` ends after this process. */
  watch(pid: number): void {
    this.#groups.add(pid)
    if (this.#shell === undefined) this.#start()
    else this.#tell(`+${pid}`)
  }

  /** The process group has ended. */
  forget(pid: number): void {
    if (this.#groups.delete(pid)) this.#tell(`-${pid}`)
  }

  /** `folder` is removed after this process, with the sockets in it. */
  clear(folder: string): void {
    this.#folder = folder
  }

  /** Nothing is left to guard. */
  stop(): void {
    clearTimeout(this.#restart)
    this.#shell?.stdin?.end()
    this.#shell = undefined
  }

  #start(): void {
    const shell = spawn('/bin/sh', ['-c', SCRIPT], {
      // A session of its own: what ends the group of this process leaves it.
      detached: true,
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#shell = shell
    shell.unref()
    shell.stdin.on('error', () => {})
    shell.once('error', () => this.#forgetShell(shell))
    shell.once('exit', () => this.#replaceShell(shell))
    if (this.#folder !== undefined) this.#tell(this.#folder)
    for (const pid of this.#groups) this.#tell(`+${pid}`)
  }

  #tell(line: string): void {
    this.#shell?.stdin?.write(`${line}\n`)
  }

  /** It could not be started; the next process to watch tries again. */
  #forgetShell(shell: ChildProcess): void {
    if (this.#shell === shell) this.#shell = undefined
  }

  /** Somebody has ended it, as a system without memory does. */
  #replaceShell(shell: ChildProcess): void {
    if (this.#shell !== shell) return
    this.#shell = undefined
    this.#restart = setTimeout(() => {
      if (this.#shell === undefined && this.#groups.size > 0) this.#start()
    }, RESTART_MS).unref()
  }
}
