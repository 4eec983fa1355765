import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ROOT, runTaipan, startTaipan } from '../support/cli.ts'
import { createProject, type Project } from '../support/project.ts'

const PYTHON = '/usr/bin/python3'
const isPossible = process.getuid?.() === 0 && process.platform === 'linux' && existsSync(PYTHON)

const APP = `
import os

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [repr((sorted(os.listdir("/srv")), os.getuid(), os.getcwd(), __file__)).encode()]
`

/** Copies Python with its libraries, and Taipan's own half, to the same places below a folder. */
const FILL = `
set -e
cd "$1"
real=$(readlink -f ${PYTHON})
library=/usr/lib/$(basename "$real")
for file in "$real" $(ldd "$real" | grep -o '/[^ ]*'); do
  mkdir -p ".$(dirname "$file")"
  cp -L "$file" ".$file"
done
cp ".$real" .${PYTHON}
mkdir -p ".$(dirname "$library")" "./$2"
cp -r "$library" ".$library"
cp -r "$2/python" "./$2/"
chmod -R a+rX .
`

function fill(jail: Project): void {
  chmodSync(jail.folder, 0o755)
  execFileSync('sh', ['-c', FILL, 'sh', jail.folder, ROOT.replace(/\/$/, '')])
}

test.skipIf(!isPossible)(
  'a worker sees its folder as the root, and paths as they are there',
  async () => {
    using jail = createProject({ 'srv/app.py': APP })
    fill(jail)
    const args = ['app.py', '-b', '127.0.0.1:0', '--python', `${jail.folder}${PYTHON}`]
    await using server = await startTaipan([...args, '-u', 'nobody', '--chroot', jail.folder], {
      cwd: jail.path('srv'),
    })
    const answer = await (await fetch(server.url)).text()
    expect(answer).toBe("(['app.py'], 65534, '/srv', '/srv/app.py')")
  },
)

test.skipIf(!isPossible)('a folder without the interpreter is named', async () => {
  using jail = createProject({ 'srv/app.py': APP })
  chmodSync(jail.folder, 0o755)
  const args = ['serve', 'app.py', '-b', '127.0.0.1:0', '--python', PYTHON, '-u', 'nobody']
  const { exitCode, stderr } = await runTaipan([...args, '--chroot', jail.folder], {
    cwd: jail.path('srv'),
  })
  expect(exitCode).toBe(5)
  expect(stderr).toContain(`${PYTHON} below ${jail.folder} (chroot) cannot be run by user nobody`)
})
