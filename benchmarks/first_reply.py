"""What a process costs from its start to its first complete reply: `python first_reply.py BUNDLE` prints it as JSON."""

import json
import re
import sys
import time
from pathlib import Path

from dialogue.bundle import TOKENS_FILE, read_bundle
from dialogue.graphs import Graphs
from dialogue.rows import Rows
from dialogue.tokens import Tokens

card, files = read_bundle(Path(sys.argv[1]))
tokens, rows = Tokens(files[TOKENS_FILE]), Rows(graphs := Graphs.of_bundle(card, files))
rows.join(graphs.encode([card.context([tokens.ids("Hello!")])]))
reply = [card.tokens.start]
while len(reply) <= card.reply_tokens and reply[-1] != card.tokens.end:
    reply.append(int(rows.step(reply[-1:], [len(reply) - 1])[0].argmax()))
tokens.text([token for token in reply[1:] if token != card.tokens.end])
# Not getrusage's maximum: that includes the parent's memory from before this program was executed.
highest_kb = int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0])
print(json.dumps({"cpu_s": time.process_time(), "resident_mb": highest_kb / 1024}))
