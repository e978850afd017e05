"""The code that runs inside the sandbox, as one archive that a Python interpreter can run."""

import io
import zipfile
from importlib import resources

MAIN = "from tracee.zygote import main\n\nmain()\n"


def tracee_archive() -> bytes:
    """A zip of ``_tracee`` as package ``tracee``, with a ``__main__`` that starts the zygote."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("__main__.py", MAIN)
        for file in resources.files(__package__).joinpath("_tracee").iterdir():
            if file.name.endswith(".py"):
                archive.writestr(f"tracee/{file.name}", file.read_text(encoding="utf-8"))
    return packed.getvalue()
