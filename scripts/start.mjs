// npm start: installs, builds, and serves the example site. Arguments are those of `taipan serve`.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { root, say, setUpNode } from './setup-node.mjs'

setUpNode()
say('starting the example site')

// In this process, so that the command gets each signal exactly once.
const command = join(root, 'dist/cli/main.js')
const site = join(root, 'examples/site/taipan.config.ts')
process.argv = [process.execPath, command, 'serve', '--config', site, ...process.argv.slice(2)]
await import(pathToFileURL(command).href)
