"""A script for the rehearsal."""

print("Content-Type: text/plain\n")
print("ready")
