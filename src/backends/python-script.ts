import { fileURLToPath } from 'node:url'

// The path is the same from `src/` and from `dist/`.
const FOLDER = new URL('../../python/', import.meta.url)

/** The Python half: programs that have it on PYTHONPATH can import `taipan` and `lrwp`. */
export const PYTHON_FOLDER = fileURLToPath(FOLDER).replace(/[\\/]$/, '')

/** The script of every process with Python; its argument is the module of the Python half that runs. */
export const PYTHON_SCRIPT = fileURLToPath(new URL('main.py', FOLDER))
