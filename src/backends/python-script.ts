import { fileURLToPath } from 'node:url'

/** The script of every process with Python; its argument is the module of the Python half that runs. */
// The path is the same from `src/` and from `dist/`.
export const PYTHON_SCRIPT = fileURLToPath(new URL('../../python/main.py', import.meta.url))
