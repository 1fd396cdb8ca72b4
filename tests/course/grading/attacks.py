"""Hostile answers. Each defines ``double`` and ``double_all`` wrongly, or breaks something; none may get a point.

``ANSWERS``, ``REPLIES``, ``PATCHES``, ``RESOURCES`` and ``ESCAPES`` leave a kernel behind that goes on: a table shares
one. ``DEADLY`` ones end it. An escape sets ``escaped`` to what it got hold of.
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
    "forks": "import os\nchildren = 0\ntry:\n    while children < 100_000:\n        if os.fork() == 0:\n"
    "            os.execv('/bin/sleep', ['sleep', '1000'])\n        children += 1\nexcept OSError: pass\n"
    "escaped = children > 1000\n",
    "output": "for _ in range(200): print('x' * 100_000)\nescaped = False\n",
    "the disk": "escaped = []\nfor folder in ('/tmp', '/home/student', '/dev/shm', '/run', '/dev', '/', '/usr', '/var'):\n"
    "    try:\n        with open(folder + '/big', 'wb') as file:\n            for _ in range(200): file.write(bytes(2**20))\n"
    "        escaped.append(folder)\n    except OSError: pass\n",
    "descriptors": "import os\nopened = []\ntry:\n    while len(opened) < 100_000: opened.append(os.open('/dev/null', 0))\nexcept OSError: pass\n"
    "escaped = len(opened) > 2000\nfor number in opened: os.close(number)\n",
    "displays": "from IPython.display import HTML, display\nfor _ in range(2_000): display(HTML('<script>'))\nescaped = False\n",
    "threads": "import threading, time\ntry:\n    for number in range(100_000): threading.Thread(target=time.sleep, args=(2,), daemon=True).start()\n"
    "except RuntimeError: pass\nescaped = number > 1000\n",
}

# {secret} is a file of the host, {pid} a process, {port} a port that listens, {name} an abstract socket.
ESCAPES = {
    "the host's files": "import os, glob\nescaped = [path for path in ({secret!r}, '/etc/passwd', '/etc/hostname', '/var', '/sys', '/boot') if os.path.exists(path)]\n",
    "up and down": "import os\nescaped = os.path.exists('../../../../../..' + {secret!r})\n",
    "through the first process": "import os\nescaped = [path for path in ('/proc/1/root', '/proc/1/cwd', '/proc/self/root')\n"
    "           if os.path.exists(path + {secret!r})]\n",
    "the environment": "import os\nescaped = 'ARMOD_SECRET' in os.environ\nfor p in filter(str.isdigit, os.listdir('/proc')):\n"
    "    try: escaped = escaped or b'ARMOD_SECRET' in open(f'/proc/{{p}}/environ', 'rb').read()\n    except OSError: pass\n",
    "checks and solutions": "import importlib, os, armod\nescaped = []\n"
    "for name in ('armod.course.exercises.engine.judge', 'armod.course.exercises.lesson_4_5_1_made', 'armod.course.exercises.lesson_4_5_1_made', 'armod.course.grading.examiner', 'tests'):\n"
    "    try: importlib.import_module(name); escaped.append(name)\n    except ImportError: pass\n"
    "for folder, _, files in os.walk(os.path.dirname(os.path.dirname(armod.__file__))):\n"
    "    if '.venv' not in folder and 'site-packages' not in folder:\n"
    "        escaped += [folder + '/' + file for file in files if 'lesson_4' in file or file.endswith('.ipynb')]\n",
    "a port of the host": "import socket\nescaped = False\ntry: socket.create_connection(('127.0.0.1', {port}), 1); escaped = True\nexcept OSError: pass\n",
    "a datagram": "import socket\nescaped = False\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    "try: s.sendto(b'x', ('8.8.8.8', 53)); escaped = True\nexcept OSError: pass\n",
    "an abstract socket": "import socket\nescaped = False\ntry: socket.socket(socket.AF_UNIX).connect({name!r}); escaped = True\nexcept OSError: pass\n",
    "another process": "import os, signal\nescaped = os.path.exists('/proc/{pid}/stat') and int(open('/proc/{pid}/stat').read().split()[3]) > 100\n"
    "try: os.kill({pid}, 9)\nexcept OSError: pass\n",
    "a namespace": "import ctypes\nlibc = ctypes.CDLL(None)\nescaped = [flag for flag in (0x10000000, 0x20000, 0x40000000) if libc.unshare(flag) == 0]\n",
    "root": "import ctypes, os\nlibc = ctypes.CDLL(None)\nescaped = libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0 or libc.setuid(0) == 0 or os.getuid() == 0\n"
    "escaped = escaped or 'CapEff:\\t0000000000000000' not in open('/proc/self/status').read()\n",
    "files in memory": "import ctypes, os\nescaped = ctypes.CDLL(None).shmget(0, 4096, 0o1600) >= 0\n"
    "try: escaped = os.memfd_create('x') >= 0\nexcept OSError: pass\n",
    "keys": "import ctypes, os\nlibc = ctypes.CDLL(None)\nnumber = {{'aarch64': 217}}.get(os.uname().machine, 248)\n"
    "escaped = libc.syscall(number, b'user', b'x', b'x', 1, -4) >= 0\n",
    "locks on what others see": "import fcntl, os, sys\nfile = os.open(sys.executable, os.O_RDONLY)\nescaped = []\n"
    "for lock in (fcntl.flock, fcntl.lockf, lambda f, how: fcntl.fcntl(f, 1024, fcntl.F_RDLCK)):\n"
    "    try: lock(file, fcntl.LOCK_SH | fcntl.LOCK_NB); escaped.append(repr(lock))\n    except OSError: pass\n",
    "what lies in memory": "import os, sys\nfile = os.open(sys.executable, os.O_RDONLY)\nescaped = []\n"
    "for look in (lambda: os.preadv(file, [bytearray(9)], 0, os.RWF_NOWAIT), lambda: os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)):\n"
    "    try: look(); escaped.append('looked')\n    except OSError: pass\n",
    "larger buffers": "import fcntl, os, socket\nescaped = []\nends, pipe = socket.socketpair(), os.pipe()\n"
    "for grow in (lambda: ends[0].setsockopt(1, 7, 2**20), lambda: ends[0].setsockopt(1, 8, 2**20), lambda: fcntl.fcntl(pipe[0], 1031, 2**20)):\n"
    "    try: grow(); escaped.append('grew')\n    except OSError: pass\n",
    "watches": "import ctypes\nlibc = ctypes.CDLL(None)\nescaped = libc.inotify_init1(0) >= 0\n",
    "sockets of other kinds": "import socket\nescaped = []\nfor family in range(48):\n    for kind in (1, 2, 3, 5):\n"
    "        try:\n            with socket.socket(family, kind): escaped += [family] * (family not in (1, 2))\n        except OSError: pass\n",
    "a terminal": "import fcntl, termios\nescaped = False\ntry:\n    with open('/dev/tty', 'w') as tty: fcntl.ioctl(tty, termios.TIOCSTI, b'x'); escaped = True\nexcept OSError: pass\n",
    "the kernel's settings": "escaped = []\nfor path in ('/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/proc/sys/vm/drop_caches', '/proc/1/oom_score_adj'):\n"
    "    try:\n        with open(path, 'w') as file: file.write('0')\n        escaped += [path] if 'oom' not in path else []\n    except OSError: pass\n",
    "Python's own folders": "import os, sys, torch\nescaped = [path for path in (sys.prefix, sys.base_prefix, torch.__path__[0], '/usr/lib') if os.access(path, os.W_OK)]\n",
    "planted links": "import os\nos.symlink({secret!r}, '/tmp/link')\nescaped = os.path.exists('/tmp/link')\nos.symlink('/', '/home/student/root')\n",
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
