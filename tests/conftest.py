"""What all tests share: Ctrl-C, even where a script runs them in the background."""

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
