/** Where the files of a set-up server are, and how it is started. */
export interface ServerSetup {
  /** Absolute path of its folder. */
  readonly folder: string
  /** Name of the folder. */
  readonly name: string
  /** Words that start the command, without arguments. */
  readonly command: readonly string[]
  /** The address where it is controlled. */
  readonly control: string
  /** The user who runs it; undefined: root, until it becomes another one by itself. */
  readonly user: string | undefined
}

/** Name of the configuration of a set-up server. */
export const CONFIG_NAME = 'taipan.config.json'

/** The script that starts, stops and asks the server of its folder, in the manner of apachectl. */
export function formatControlScript({ command, control, folder }: ServerSetup): string {
  const words = command.map(quote).join(' ')
  return `#!/bin/sh
# Controls the server of this folder: start, stop, restart, reload, status, check, run.
folder=${quote(folder)}
config=$folder/${CONFIG_NAME}
log=$folder/server.log
pidfile=$folder/server.pid
address=${quote(control)}
start_seconds=60
stop_seconds=40

taipan() {
    ${words} "$@"
}

ready() {
    ${quote(command[0] ?? '')} -e '
        const options = { socketPath: process.argv[1], path: "/ready" }
        const exit = (code) => process.exit(code)
        require("http").get(options, (r) => exit(r.statusCode === 200 ? 0 : 1)).on("error", () => exit(1))
    ' "\${address#unix:}"
}

# Runs the server by what is given, so that the process is the same.
serve() {
    "$@" ${words} serve --config "$config"
}

${CONTROL}`
}

const CONTROL = `alive() {
    [ -s "$pidfile" ] && kill -0 "$(cat "$pidfile")" 2>/dev/null
}

# Another program may have got the number of one that has ended.
running() {
    alive || return 1
    words=/proc/$(cat "$pidfile")/cmdline
    [ ! -r "$words" ] || tr '\\0' '\\n' <"$words" | grep -qxF -e "$config"
}

start() {
    if running; then
        echo "already running, process $(cat "$pidfile")"
        return 0
    fi
    cd "$folder" || return 1
    serve exec nohup >>"$log" 2>&1 </dev/null &
    echo $! >"$pidfile"
    left=$((start_seconds * 5))
    until ready; do
        left=$((left - 1))
        if ! alive || [ "$left" -le 0 ]; then
            echo "did not start; the end of $log:" >&2
            tail -n 20 "$log" >&2
            stop >/dev/null
            return 1
        fi
        sleep 0.2
    done
    echo "started, process $(cat "$pidfile")"
}

stop() {
    if ! running; then
        rm -f "$pidfile"
        echo "not running"
        return 0
    fi
    kill -TERM "$(cat "$pidfile")"
    left=$((stop_seconds * 5))
    while running; do
        left=$((left - 1))
        if [ "$left" -le 0 ]; then
            echo "does not stop, process $(cat "$pidfile")" >&2
            return 1
        fi
        sleep 0.2
    done
    rm -f "$pidfile"
    echo "stopped"
}

case "$1" in
    start) start ;;
    stop) stop ;;
    restart) stop && start ;;
    reload | graceful) taipan reload --control "$address" ;;
    status) taipan status --control "$address" ;;
    check | configtest) cd "$folder" && taipan check --config "$config" ;;
    run) cd "$folder" && serve exec ;;
    *)
        echo "usage: $0 start | stop | restart | reload | status | check | run" >&2
        exit 2
        ;;
esac
`

/** A word of the shell. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
