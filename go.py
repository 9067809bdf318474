"""Two verbs for a fresh machine that has nothing but Python 3.11 or newer.

python3 go.py chat "Why is the sky blue?"    a small model answers, in this process; other modelscan commands work too
python3 go.py test                           installs everything and runs the tests; more arguments go to pytest

uv comes from PATH, else it is put into `.boot/`; everything else goes into `.venv/`, nothing outside this folder.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
BOOT = ROOT / ".boot"
OLDEST_UV = (0, 9)
APP = ("--no-default-groups", "--group", "app", "modelscan")
TEST = ("--no-default-groups", "--group", "dev", "--group", "plugins", "python", "-m", "pytest")


def main(*arguments: str) -> int:
    if sys.version_info < (3, 11):
        return complain("ModelScan needs Python 3.11 or newer, and this is %d.%d." % sys.version_info[:2])
    os.environ.pop("VIRTUAL_ENV", None)  # of some other project
    os.environ["UV_PYTHON_DOWNLOADS"] = "never"
    home = os.environ.get("HOME") or os.environ.get("USERPROFILE")
    if not home or not os.access(home, os.W_OK):
        os.environ.setdefault("UV_CACHE_DIR", str(ROOT / ".cache" / "uv"))
    uv = usable("uv") or boot_uv() or bootstrap()
    if not uv:
        return 1
    command = [uv, "run", "--quiet", "--project", str(ROOT), "--python", sys.executable]
    if arguments[:1] == ("test",):
        os.chdir(ROOT)
        command += [*TEST, *arguments[1:]]
    else:
        command += [*APP, *arguments]
    if os.name != "nt":
        os.execv(uv, command)
    return subprocess.call(command)


def usable(uv: str) -> str:
    """Its path, if it runs and is new enough, else nothing: a shim of pyenv's may stand for a uv that isn't there."""
    path = shutil.which(uv) or ""
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout if path else ""
    version = told.split()[1].split(".")[:2] if told else ["0"]
    return path if tuple(map(int, version)) >= OLDEST_UV else ""


def boot_uv() -> str:
    return usable(str(BOOT / "bin" / "uv")) or usable(str(BOOT / "Scripts" / "uv.exe"))


def bootstrap() -> str:
    """The path of uv in a private environment; nothing, with an explanation, where that fails."""
    print("Installing uv into .boot, once ...", file=sys.stderr, flush=True)
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(BOOT)]):
        complain("This Python can't make virtual environments. Debian and Ubuntu: apt install python3-venv")
        return ""
    python = next(path for path in BOOT.glob("*/python*") if path.stem == "python")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-cache-dir", "install", "-q"]
    if subprocess.call([*pip, "uv>=0.9,<1"]):
        complain("pip could not install uv (see above). Behind a proxy, set HTTPS_PROXY and PIP_CERT; or install uv.")
    return boot_uv()


def complain(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
