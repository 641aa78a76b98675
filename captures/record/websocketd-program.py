"""A program of lines for websocketd: what it reads are messages, what it prints too."""

import json
import os
import sys


def main(log_path):
    client = [os.environ["REMOTE_ADDR"], int(os.environ["REMOTE_PORT"])]
    with open(log_path, "a", encoding="utf-8") as log:

        def note(what, line):
            print(json.dumps([client, what, line]), file=log, flush=True)

        def say(line):
            note("sent", line)
            print(line, flush=True)

        say("ready")
        for line in iter(sys.stdin.readline, ""):
            line = line.removesuffix("\n")
            note("received", line)
            word, _, rest = line.partition(" ")
            if word == "count":
                for number in range(1, int(rest) + 1):
                    say(f"{number} of {rest}")
            elif word == "quit":
                say("goodbye")
                return
            else:
                say(line[::-1])


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8")
    main(sys.argv[1])
