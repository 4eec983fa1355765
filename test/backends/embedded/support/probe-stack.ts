import { loadFfi } from '../../../../src/backends/embedded/ffi.ts'
import { Interpreter } from '../../../../src/backends/embedded/interpreter.ts'
import { examinePython } from '../../../../src/backends/embedded/embeddability.ts'

// Runs the probes of stack_probes.py on Node's thread or on a thread of Python, and prints their results.
const [python = 'python3', folder = '.', thread = 'node', ...names] = process.argv.slice(2)
const environment = Object.fromEntries(
  Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
)
const facts = await examinePython({
  python,
  pythonArguments: [],
  environment,
  directory: process.cwd(),
})
const interpreter = new Interpreter(await loadFfi(), facts)
const run = (source: string): unknown => interpreter.call('taipan.embedded.boot:execute', source)
run(`import sys; sys.path.insert(0, ${JSON.stringify(folder)})`)
const all = names.length > 0 ? names : run('import stack_probes; result = stack_probes.names()')
if (!Array.isArray(all)) throw new Error('no probes')
for (const name of all.map(String)) {
  process.stdout.write(`${name} `)
  const call = `stack_probes.run(${JSON.stringify(name)})`
  const source =
    thread === 'node'
      ? `import stack_probes; result = ${call}`
      : [
          'import stack_probes, threading',
          'given = []',
          `worker = lambda: given.append(${call})`,
          'thread = threading.Thread(target=worker); thread.start(); thread.join()',
          'result = given[0]',
        ].join('\n')
  process.stdout.write(`${String(run(source))}\n`)
}
