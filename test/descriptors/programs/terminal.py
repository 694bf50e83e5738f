# Gives a program one end of a terminal and talks to it from the other: 64 KiB in lines, both ways.
#
# Usage: terminal.py slave|master COMMAND...
import os, subprocess, sys, tty

master, slave = os.openpty()
tty.setraw(slave)
theirs, ours = (slave, master) if sys.argv[1] == 'slave' else (master, slave)
child = subprocess.Popen(sys.argv[2:] + [str(theirs)], pass_fds=[theirs], stdin=subprocess.DEVNULL)
os.close(theirs)


def expect(text):
    got = b''
    while len(got) < len(text):
        got += os.read(ours, len(text) - len(got))
    assert got == text, (got[:80], text[:80])


expect(b'ready\n')
line = b'a line of thirty-two characters\n'
for _ in range(64):
    os.write(ours, line * 32)
    expect(line.upper() * 32)
os.close(ours)
sys.exit(child.wait())
