import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'

import { root } from './setup-node.mjs'

const sources = join(root, 'src')
const product = join(root, 'dist')

// tsc leaves what it made of sources that are gone, and the package would hold it.
for (const { parentPath, name } of readdirSync(product, { recursive: true, withFileTypes: true })) {
  const output = /^(.+)(?:\.d\.ts|\.js|\.js\.map)$/.exec(name)?.[1]
  if (output === undefined) continue
  if (existsSync(join(sources, relative(product, parentPath), `${output}.ts`))) continue
  rmSync(join(parentPath, name))
}

// tsc does not set the executable bit, and `npx taipan` in the clone needs it.
chmodSync(join(product, 'cli/main.js'), 0o755)
