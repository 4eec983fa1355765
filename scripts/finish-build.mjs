import { chmodSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// tsc does not set the executable bit, which `npx taipan` in a clone needs.
chmodSync(fileURLToPath(new URL('../dist/cli/main.js', import.meta.url)), 0o755)
