"""Runs a program until standard input closes: it ends with the test process, however that ends."""
import subprocess
import sys

child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
sys.stdin.buffer.read()
child.kill()
child.wait()
