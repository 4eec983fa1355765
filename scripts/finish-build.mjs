import { chmodSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// tsc does not set the executable bit, and `npx taipan` in the clone needs it.
chmodSync(fileURLToPath(new URL('../dist/cli/main.js', import.meta.url)), 0o755)
