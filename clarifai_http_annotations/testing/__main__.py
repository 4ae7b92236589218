"""``python -m clarifai_http_annotations.testing``: the emulator as a process, until SIGTERM or Ctrl-C."""

from ._command import run

if __name__ == "__main__":
    run()
