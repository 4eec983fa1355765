import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'

import { fetchRaw, pollUntil } from '../support/raw-client.ts'
import { isRunning, listChildren } from '../faults/fault-lab.ts'
import { app, createFolder, serve } from './command.ts'

/** What applications do at import; start, requests, logs and stop must still work. */
const HABITS: readonly (readonly [string, string])[] = [
  [
    'replaces sys.stdout and sys.stderr',
    'import io\nsys.stdout = io.StringIO()\nsys.stderr = io.StringIO()',
  ],
  ['replaces sys.stdout by None', 'sys.stdout = None\nsys.stderr = None'],
  ['closes sys.stdout', 'sys.stdout.close()'],
  [
    'wraps sys.stdout',
    'import codecs\nsys.stdout = codecs.getwriter("utf-8")(getattr(sys.stdout, "buffer", sys.stdout))',
  ],
  ['changes the folder', 'os.chdir("/")'],
  [
    'parses arguments',
    'import argparse\nargparse.ArgumentParser().parse_known_args()\nparser = argparse.ArgumentParser()\nparser.add_argument("--debug", action="store_true")\nassert parser.parse_args().debug is False',
  ],
  [
    'installs a SIGTERM handler',
    'import signal\nsignal.signal(signal.SIGTERM, lambda *_: print("their handler", flush=True))',
  ],
  [
    'ignores SIGTERM and SIGINT',
    'import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)',
  ],
  ['starts threads that are no daemons', 'threading.Thread(target=lambda: time.sleep(1)).start()'],
  [
    'starts a busy thread',
    'threading.Thread(target=lambda: [time.sleep(0.001) for _ in range(30000)], daemon=True).start()',
  ],
  ['prints a lot', 'for i in range(20000): print("line %d of a lot of output" % i)'],
  ['prints a line without an end', 'sys.stdout.write("no end"); sys.stdout.flush()'],
  ['writes to the descriptors', 'os.write(1, b"raw stdout\\n"); os.write(2, b"raw stderr\\n")'],
  ['writes bytes that are no UTF-8', 'os.write(1, b"\\xff\\xfe raw\\n")'],
  [
    'prints something like our ready line',
    'print("listening on http://127.0.0.1:1")\nprint(\'{"type": "ready"}\')',
  ],
  [
    'scans the folder at import',
    'import pkgutil, importlib\n[importlib.import_module(found.name) for found in pkgutil.iter_modules(["."]) if found.name != "app"]',
  ],
  [
    'changes the locale and the time zone',
    'import locale\nos.environ["TZ"] = "Asia/Tokyo"\ntime.tzset()',
  ],
  ['clears os.environ', 'os.environ.clear()'],
  ['sets a socket timeout', 'import socket\nsocket.setdefaulttimeout(0.01)'],
  [
    'sets recursion limit, umask and switch interval',
    'sys.setrecursionlimit(200)\nos.umask(0)\nsys.setswitchinterval(0.1)',
  ],
  [
    'replaces the excepthooks',
    'sys.excepthook = lambda *a: os._exit(9)\nthreading.excepthook = lambda *a: os._exit(9)',
  ],
  [
    'configures logging',
    'import logging, logging.config\nlogging.basicConfig(level=0)\nlogging.config.dictConfig({"version": 1, "disable_existing_loggers": True})',
  ],
  ['makes warnings errors', 'import warnings\nwarnings.simplefilter("error")'],
  ['disables the garbage collector', 'import gc\ngc.disable()\ngc.freeze()'],
  ['stands in a module called json', 'import json'],
  [
    'runs a subprocess',
    'import subprocess\nassert subprocess.run([sys.executable, "-c", "print(5)"], stdout=subprocess.PIPE).stdout.strip() == b"5"',
  ],
  ['reads stdin', 'assert sys.stdin is None or sys.stdin.read() == ""'],
  ['reaps children', 'import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)'],
]

describe('an application that', () => {
  test.concurrent.each(HABITS)('%s', async (_name, before) => {
    await using folder = await createFolder({
      'app.py': app('return "fine %d" % os.getpid()', before),
      'neighbour.py': 'value = 1\n',
    })
    await using taipan = serve(folder, ['app.py', '-p', '1'])
    const url = await taipan.waitForUrl()
    const pids = new Set<number>()
    for (let i = 0; i < 3; i++) {
      const response = await fetchRaw(url, '/')
      expect(response.status).toBe(200)
      expect(response.text).toMatch(/^fine \d+$/)
      pids.add(Number(response.text.split(' ')[1]))
    }
    expect(pids.size).toBe(1)
    taipan.kill('SIGTERM')
    expect((await taipan.waitForExit()).exitCode).toBe(0)
    for (const pid of pids)
      await pollUntil(async () => ((await isRunning(pid)) ? undefined : true), 'the worker to end')
  })
})

describe('the worker as the application sees it', () => {
  test('sys.argv contains only the target', async () => {
    await using folder = await createFolder({ 'app.py': app('return json.dumps(sys.argv)') })
    await using taipan = serve(folder, [
      'app.py',
      '-p',
      '1',
      '-t',
      '3',
      '--env',
      'A=b',
      '--log-level',
      'info',
    ])
    const argv: string[] = JSON.parse((await fetchRaw(await taipan.waitForUrl(), '/')).text)
    expect(argv).toHaveLength(1)
    expect(argv[0]).toMatch(/app\.py$/)
  })

  test('-t 1 is wsgi.multithread False', async () => {
    await using folder = await createFolder({
      'app.py': app('return "%s %s" % (environ["wsgi.multithread"], environ["wsgi.multiprocess"])'),
    })
    for (const [args, expected] of [
      [['-p', '1', '-t', '1'], 'False False'],
      [['-p', '1', '-t', '2'], 'True False'],
      [['-p', '2', '-t', '1'], 'False True'],
    ] as const) {
      await using taipan = serve(folder, ['app.py', ...args])
      expect((await fetchRaw(await taipan.waitForUrl(), '/')).text).toBe(expected)
    }
  })

  test('it is imported in the main thread, and not as __main__', async () => {
    await using folder = await createFolder({
      'app.py': app(
        'return MAIN',
        'MAIN = "%s %s" % (threading.current_thread() is threading.main_thread(), __name__ == "__main__")',
      ),
    })
    await using taipan = serve(folder, ['app.py', '-p', '1'])
    expect((await fetchRaw(await taipan.waitForUrl(), '/')).text).toBe('True False')
  })

  test('multiprocessing by spawn works in a request', async () => {
    await using folder = await createFolder({
      'app.py': app(
        'import multiprocessing, work\nwith multiprocessing.get_context("spawn").Pool(2) as pool:\n    return str(pool.map(work.double, [1, 2, 3]))',
      ),
      'work.py': 'def double(value):\n    return value * 2\n',
    })
    await using taipan = serve(folder, ['app.py', '-p', '1'])
    const url = await taipan.waitForUrl()
    const response = await fetchRaw(url, '/')
    expect([response.status, response.text]).toEqual([200, '[2, 4, 6]'])
    expect((await fetchRaw(url, '/')).text).toBe('[2, 4, 6]')
  })

  test('multiprocessing by fork works in a request, and its children block nothing', async () => {
    await using folder = await createFolder({
      'app.py': app(
        'import multiprocessing\nchild = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,), daemon=True)\nchild.start()\nreturn str(child.pid)',
      ),
    })
    await using taipan = serve(folder, ['app.py', '-p', '1'])
    const child = Number((await fetchRaw(await taipan.waitForUrl(), '/')).text)
    expect(child).toBeGreaterThan(0)
    taipan.kill('SIGTERM')
    expect((await taipan.waitForExit()).exitCode).toBe(0)
  })

  test('a child started by the application inherits none of our descriptors', async () => {
    await using folder = await createFolder({
      'app.py': app(
        'import subprocess\nreturn subprocess.run(["ls", "/proc/self/fd"], stdout=subprocess.PIPE, close_fds=False).stdout.decode()',
      ),
    })
    await using taipan = serve(folder, ['app.py', '-p', '1', '-t', '8'])
    const listed = (await fetchRaw(await taipan.waitForUrl(), '/')).text.trim().split('\n')
    // 0, 1, 2, the directory that ls opens, and those that the tests were started with.
    expect(listed).toEqual(
      execFileSync('ls', ['/proc/self/fd'], { encoding: 'utf8' }).trim().split('\n'),
    )
  })

  test('SIGTERM from outside to a worker: it ends gracefully and is replaced', async () => {
    await using folder = await createFolder({
      'app.py': app(
        'return str(os.getpid())',
        'import atexit\natexit.register(lambda: open("left", "w").close())',
      ),
    })
    await using taipan = serve(folder, ['app.py', '-p', '1'])
    const url = await taipan.waitForUrl()
    const worker = Number((await fetchRaw(url, '/')).text)
    process.kill(worker, 'SIGTERM')
    await pollUntil(
      async () => ((await isRunning(worker)) ? undefined : true),
      'the worker to leave',
    )
    const next = await fetchRaw(url, '/')
    expect(next.status).toBe(200)
    expect(Number(next.text)).not.toBe(worker)
    expect(await listChildren(taipan.pid)).toHaveLength(1)
  })
})
