/** Programs. `answer.py` answers a line with its pid and the content of `version`, if there is one; with a second argument one line at a time. */
export const PROGRAMS = {
  'answer.py': `
import os, socket, subprocess, sys, threading, time

print("begins", flush=True)
where = sys.argv[1]
if where == "0":
    listener = socket.socket(fileno=0)
elif where.isdigit():
    listener = socket.create_server(("127.0.0.1", int(where)))
else:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(where)
    listener.listen()
version = open("version").read() if os.path.exists("version") else ""
if version == "broken":
    sys.exit("broken on purpose")


def answer(connection):
    with connection, connection.makefile("rb") as lines:
        line = lines.readline().decode().strip()
        if not line:
            return
        if line == "die":
            os._exit(3)
        if line == "leave":
            connection.sendall(b"left\\n")
            os._exit(0)
        if line == "sleep":
            time.sleep(0.5)
        if line == "children":
            child = subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 600"])
            connection.sendall(f"{child.pid}\\n".encode())
        elif line == "environment":
            connection.sendall(f"{sorted(os.environ)} {os.getcwd()}\\n".encode())
        else:
            connection.sendall(f"{os.getpid()} {version}\\n".encode())


while True:
    connection, _ = listener.accept()
    if len(sys.argv) > 2:
        answer(connection)
    else:
        threading.Thread(target=answer, args=[connection], daemon=True).start()
`,
  'dies.sh': 'echo "no module named shop" >&2\nexit 7\n',
  'silent.sh': 'sleep 600\n',
  'stubborn.py': `
import signal, socket
signal.signal(signal.SIGTERM, signal.SIG_IGN)
listener = socket.socket(fileno=0)
while True:
    connection, _ = listener.accept()
    connection.close()
`,
}
