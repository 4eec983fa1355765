import { CONFIG_NAME, type ServerSetup } from './control-script.ts'

/** The unit by which systemd runs the server. */
export function formatUnit({ folder, name, command, user }: ServerSetup): string {
  const words = [...command, 'serve', '--config', `${folder}/${CONFIG_NAME}`]
  return `[Unit]
Description=Taipan: ${name.replaceAll('%', '%%')}
After=network.target

[Service]
Type=notify
WatchdogSec=30
${user === undefined ? '' : `User=${user}\n`}WorkingDirectory=${escape(folder)}
ExecStart=${words.map(quote).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
KillMode=mixed
TimeoutStopSec=40

[Install]
WantedBy=multi-user.target
`
}

/** A word of ExecStart: systemd.service(5), "Command lines". */
function quote(word: string): string {
  const safe = escape(word).replaceAll('$', '$$$$')
  return /^[\w@%+=:,./$-]+$/.test(safe) ? safe : `"${safe}"`
}

function escape(word: string): string {
  return word
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('%', '%%')
}
