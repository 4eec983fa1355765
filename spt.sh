node dist/cli/main.js serve /tmp/host/h -b 127.0.0.1:8127 --no-access-log "$@" > /tmp/host/sp.log 2>&1 & P=$!
sleep 2.5
for i in 1 2 3; do curl -s http://127.0.0.1:8127/sp.py > /tmp/host/sp.out; tail -1 /tmp/host/sp.out; done; (head -6 ; grep -v '^[0-9]*$') < /tmp/host/sp.out
sleep 2;for i in 1 2 3; do curl -s http://127.0.0.1:8127/sp.py | tail -1; done
sleep 1.5
kill $P; wait $P; tail -12 /tmp/host/sp.log
