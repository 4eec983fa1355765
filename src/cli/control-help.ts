import type { ControlCommand } from '../server/option-types/option.ts'

const ADDRESS = `The server must have a control address, as by taipan serve app.py --control unix:run/c.sock.
The same address is found here by --control, by TAIPAN_CONTROL, or by "control" in the
configuration file of this folder. Over a Unix socket the server listens to its own user and to
root alone; a port of this machine needs a token, in TAIPAN_CONTROL_TOKEN or in the file.
Exit code 6 when nothing answers.
`

/** What the commands that speak with a running server do. */
const USAGE: Readonly<Record<ControlCommand, string>> = {
  status: `Usage: taipan status [options]

Shows the processes of each group with their state, generation, requests and memory, the queue, what
is not served and why, and how the last reload ended.
`,
  reload: `Usage: taipan reload [options]

Loads the applications anew, and the configuration file if it has changed. New processes become
ready before the old ones end, so no request is lost. Returns when the new code serves. If it cannot
be loaded the old code goes on serving; then the traceback is printed, and the exit code is not 0.
`,
  stop: `Usage: taipan stop [options]

Stops the server gracefully: requests that run may finish within timeouts.shutdown. Returns when it
has ended.
`,
  scale: `Usage: taipan scale GROUP NUMBER [options]

Changes the number of processes of a group until the next restart; 0 lets it sleep until a request
comes. A group without a name of its own is called "web".
`,
  stacks: `Usage: taipan stacks [options]

Prints the Python stack of every thread and task that does something, with its request. Shows where
a request hangs, without stopping anything.
`,
  top: `Usage: taipan top [options]

Shows the groups and their processes live: requests, queue, time in Python (latency) and in the
queue (waited), memory. q quits. Without a terminal it prints one snapshot of a second.
`,
}

const EXAMPLES: Readonly<Record<ControlCommand, string>> = {
  status: `  taipan status
  taipan status --control unix:run/control.sock --json
`,
  reload: `  taipan reload
  taipan reload --control unix:run/control.sock && echo "the new code serves"
`,
  stop: `  taipan stop --control unix:run/control.sock
`,
  scale: `  taipan scale web 4
  taipan scale reports 0 --control unix:run/control.sock
`,
  stacks: `  taipan stacks
  TAIPAN_CONTROL_TOKEN=... taipan stacks --control 127.0.0.1:9000
`,
  top: `  taipan top
`,
}

/** The parts of the help of a command, around its options. */
export function describeControlCommand(command: ControlCommand): {
  readonly usage: string
  readonly address: string
  readonly examples: string
} {
  return { usage: USAGE[command], address: ADDRESS, examples: `Examples:\n${EXAMPLES[command]}` }
}
