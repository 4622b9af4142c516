"""What a process costs from its start to its first complete reply: `python first_reply.py BUNDLE` prints it as JSON."""

import json
import re
import sys
import time
from pathlib import Path

import numpy as np

from dialogue.bundle import read_card
from trainer.dialogue.bundle_runtime import Graphs
from trainer.dialogue.tokens import Tokens

bundle = Path(sys.argv[1])
card = read_card(bundle)
graphs = Graphs(bundle / "encoder.onnx", bundle / "step.onnx", card.states)
tokens = Tokens((bundle / "tokens.model").read_bytes())
states = graphs.encode(np.array([card.context(tokens.encode(["Hello!"]))]))
token, said = np.array([card.tokens.start]), list[int]()
while len(said) < card.reply_tokens and (not said or said[-1] != card.tokens.end):
    token = graphs.step(token, np.array([len(said)]), states).argmax(1)
    said.append(int(token[0]))
tokens.decode([[piece for piece in said if piece != card.tokens.end]])
# Not getrusage's maximum: that includes the parent's memory from before this program was executed.
highest_kb = int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0])
print(json.dumps({"cpu_s": time.process_time(), "resident_mb": highest_kb / 1024}))
