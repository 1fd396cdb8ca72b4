"""Hostile answers. Each defines ``double`` and ``double_all`` wrongly, or breaks something; none may get a point.

``ANSWERS``, ``REPLIES``, ``PATCHES`` and ``RESOURCES`` leave a kernel behind that goes on: a table shares one. ``DEADLY`` ones end
it. What tries to get out stands in ``attacks.toml`` of `armod.course.grading.confinement`, for `armod doctor` too.
"""

from __future__ import annotations

LIAR = """
class Liar{bases}:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __lt__(self, other): return False
    __gt__ = __lt__
    def __sub__(self, other): return self
    def __float__(self): return 1.0
    def __int__(self): return 1
    def __index__(self): return 1
    def __array__(self, *args, **kwargs): raise SystemExit
    def isfinite(self): return True
"""


def always(expression: str, before: str = "") -> str:
    """An answer that gives this expression, whatever the question."""
    return f"{before}\ndef double(n):\n    return {expression}\ndef double_all(x):\n    return {expression}\n"


ANSWERS = {
    "equal to everything": always("Liar()", LIAR.format(bases="")),
    "an int that lies": always("Liar(1)", LIAR.format(bases="(int)")),
    "a float that lies": always("Liar(1.5)", LIAR.format(bases="(float)")),
    "a list that lies": always("Liar([1])", LIAR.format(bases="(list)")),
    "a str that lies": always("Liar('2')", LIAR.format(bases="(str)")),
    "a tensor that lies": always(
        "torch.zeros(1).as_subclass(Liar)",
        "import torch\nclass Liar(torch.Tensor):\n"
        "    @classmethod\n    def __torch_function__(cls, *args, **kwargs): return True\n",
    ),
    "another class by name": always(
        "Liar()", "class Liar:\n    @property\n    def __class__(self): return int\n"
    ),
    "a module's attribute": always("Liar()", "class Liar:\n    def __getattr__(self, name): return Liar()\n"),
    "not a number": always("float('nan')"),
    "infinite": always("float('inf')"),
    "contains itself": always("loop", "loop = []\nloop.append(loop)\n"),
    "an endless iterator": always("itertools.count()", "import itertools"),
    "objects in an array": always("np.array([Liar()], object)", "import numpy as np" + LIAR.format(bases="")),
    "200 MB": always("np.zeros(25_000_000)", "import numpy as np"),
    "a million parts": always("[[] for _ in range(1_000_000)]"),
    "a million digits": always("10**1_000_000"),
    "ten thousand levels": always("deep", "deep = []\nfor _ in range(10_000): deep = [deep]\n"),
    "half a character": always("'\\ud800'"),
    "the reply itself": always("('value', 42)"),
    "the encoded reply": always("{'handle': [0, 'int']}"),
    "changed after it was returned": always("box", "box = [0]\nimport threading\n"),
    "an error of no words": always(
        "fail()",
        "class Mute(Exception):\n    def __str__(self): raise SystemExit\ndef fail(): raise Mute",
    ),
    "an error of many words": always("fail()", "def fail(): raise ValueError('x' * 10_000_000)"),
    "an error outside of all classes": always(
        "fail()", "class Base(BaseException): pass\ndef fail(): raise Base"
    ),
    "the exit": always("exit_()", "from sys import exit as exit_"),
    "an interrupt": always("fail()", "def fail(): raise KeyboardInterrupt"),
    "recursion without end": always("double(n)").replace(
        "double_all(x):\n    return double(n)", "double_all(x): return double(0)"
    ),
    "not a function": "double = double_all = 42",
    "deleted": "del double, double_all",
}

# What the other side may send in place of a reply.
REPLIES = {
    "no JSON": "hello",
    "nothing": "",
    "another kind of reply": '{"tuple":["passed",42]}',
    "no tuple": '["value",42]',
    "an unknown handle": '{"tuple":["value",{"handle":[999999,"int"]}]}',
    "a handle with a long name": '{"tuple":["value",{"handle":[-1,"' + "x" * 100_000 + '"]}]}',
    "an array of an impossible shape": '{"tuple":["value",{"array":["float64",[-1],""]}]}',
    "an array of 10^30 numbers": '{"tuple":["value",{"array":["float64",[1000000000000000,1000000000000000],""]}]}',
    "an array of objects": '{"tuple":["value",{"array":["object",[1],"AAAAAAAAAAA="]}]}',
    "an array that is no base64": '{"tuple":["value",{"array":["float64",[1],"%%%"]}]}',
    "a truth value of 2": '{"tuple":["value",{"array":["bool",[1],"Ag=="]}]}',
    "a constant": '{"tuple":["value",NaN]}',
    "digits": '{"tuple":["value",' + "9" * 5000 + "]}",
    "depth": '{"tuple":["value",' + "[" * 100_000 + "]" * 100_000 + "]}",
    "parts": '{"tuple":["value",[' + "[]," * 3_000_000 + "[]]]}",
    "an answer that is missing": '{"tuple":["unanswered",7]}',
    "a status of lies": '{"tuple":["error",{"dict":[]},[]]}',
}


def replying(text: str) -> str:
    """An answer that replaces the reply by this text."""
    return f"import armod.course.grading.examined as e\nText = e.Reply\ntext = {text!r}\ne.reply = lambda question, names: Text(text)\n"


PATCHES = {
    "builtins": "import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.abs = lambda x: 0\n",
    "json": 'import json\njson.dumps = lambda *a, **k: \'{"tuple":["value",true]}\'\n',
    "numpy.testing": "import numpy.testing as t\nt.assert_equal = t.assert_allclose = lambda *a, **k: None\n",
    "a module on the path": "open('armod.py', 'w').write('check = print')\nopen('zmq.py', 'w').write('1/0')\n",
    "the codec": 'import armod.course.exercises.engine.responder as r\nr.to_text = lambda *a: \'{"tuple":["value",true]}\'\n',
    "the responder": "import armod.course.exercises.engine.responder as r\nr.Responder.respond = lambda self, q: q\n",
    "the reply's type": "import armod.course.grading.examined as e\ne.reply = lambda q, n: 42\n",
    "input transformers": "get_ipython().input_transformers_cleanup.append(lambda lines: ['double = 1\\n'])\n",
    "the tree": "import ast\nclass T(ast.NodeTransformer):\n    def visit_Call(self, node): return ast.Constant(True)\n"
    "get_ipython().ast_transformers.append(T())\n",
    "user expressions": "get_ipython().user_expressions = lambda e: {'reply': {'status': 'ok', 'data': {'text/plain': 7}}}\n",
    "the shell": "get_ipython().run_cell = lambda *a, **k: None\n",
    "the kernel's replies": "get_ipython().kernel.do_execute = lambda *a, **k: {'status': 'ok', 'user_expressions': 7, 'payload': [{'source': []}, 1]}\n",
}

RESOURCES = {
    "output": "for _ in range(200): print('x' * 100_000)\nescaped = False\n",
    "displays": "from IPython.display import HTML, display\nfor _ in range(2_000): display(HTML('<script>'))\nescaped = False\n",
    "threads": "import threading, time\ntry:\n    for number in range(100_000): threading.Thread(target=time.sleep, args=(2,), daemon=True).start()\n"
    "except RuntimeError: pass\nescaped = number > 1000\n",
}

DEADLY = {
    "leaves at once": "import os\nos._exit(0)\n",
    "leaves when asked": always("os._exit(1)", "import os"),
    "kills all": "import os\nos.kill(-1, 9)\n",
    "segfault": "import ctypes\nctypes.string_at(0)\n",
    "exit": "exit()\n",
    "memory": "import numpy as np, os\nif os.fork() == 0 or os.fork() == 0 or os.fork() == 0:\n    a = np.ones(60_000_000)\n"
    "    while True: pass\na = np.ones(60_000_000)\nimport time\ntime.sleep(100)\n",
    "shared memory": "import mmap\nm = mmap.mmap(-1, 2**31)\nfor start in range(0, 2**31, 2**20): m[start:start + 2**20] = b'x' * 2**20\n",
    "full sockets": "import os, socket, time\nfor _ in range(4): os.fork()\nkept = []\ntry:\n    while True:\n        kept.append(socket.socketpair())\n"
    "        for end in kept[-1]:\n            end.setblocking(False)\n            try:\n                while True: end.send(bytes(60_000))\n"
    "            except BlockingIOError: pass\nexcept OSError: pass\ntime.sleep(100)\n",
    "no heed to interrupts": "while True:\n    try:\n        while True: pass\n    except BaseException: pass\n",
    "no heed when asked": always(
        "stay()",
        "def stay():\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass\n",
    ),
    "a long calculation": "pow(3, 10**9)\n",
    "files by number": "import os\nfor number in range(10**7): os.close(os.open(f'/tmp/{number}', os.O_CREAT))\n",
    "a flood at the examiner": "import gc, zmq\nident = get_ipython().kernel._parent_ident['shell']\nblock = bytes(2**20)\n"
    "for router in gc.get_objects():\n"
    "    if isinstance(router, zmq.Socket) and not router.closed and router.type == zmq.ROUTER:\n"
    "        router.setsockopt(zmq.ROUTER_MANDATORY, 1)\n"
    "        try:\n            router.send_multipart([*ident, b''], zmq.SNDMORE)\n"
    "            while True: router.send(block, zmq.SNDMORE)\n        except zmq.ZMQError: pass\n",
    "a message of 200 MB": "import gc, zmq\nident = get_ipython().kernel._parent_ident['shell']\n"
    "for router in gc.get_objects():\n"
    "    if isinstance(router, zmq.Socket) and not router.closed and router.type == zmq.ROUTER:\n"
    "        router.send_multipart([*ident, bytes(200_000_000)])\n",
    "ears closed": "import gc, threading, time, zmq\ndef close():\n    time.sleep(0.3)\n    for router in gc.get_objects():\n"
    "        if isinstance(router, zmq.Socket) and not router.closed and router.type == zmq.ROUTER: router.close(0)\n"
    "threading.Thread(target=close).start()\ntime.sleep(1000)\n",
    "sockets deleted": "import os, glob\nfor path in glob.glob('/run/kernel-*'):\n    os.unlink(path); os.symlink('/run/elsewhere', path)\nos._exit(0)\n",
    "a daemon": "import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        import time\n        while True: time.sleep(1)\n    os._exit(0)\nos._exit(0)\n",
}
